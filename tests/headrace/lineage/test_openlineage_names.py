"""What things are called in OpenLineage."""

import pytest

from headrace.lineage.openlineage_names import DatasetId, output_place
from headrace.lineage.openlineage_source import file_url, repository_uri


@pytest.mark.parametrize(
    ("uri", "namespace", "name"),
    [
        ("/data/trips.csv", "file", "/data/trips.csv"),
        ("/data/taxi/", "file", "/data/taxi"),
        ("file:///data/taxi", "file", "/data/taxi"),
        ("/data/50% #1?/trips.csv", "file", "/data/50% #1?/trips.csv"),
        ("s3://trips/2013/01.csv", "s3://trips", "2013/01.csv"),
        ("gs://trips", "gs://trips", "/"),
    ],
)
def test_a_dataset_is_named_by_its_place(uri: str, namespace: str, name: str) -> None:
    assert DatasetId.at(uri) == DatasetId(namespace, name)


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("/home/Gen/examples/7", "/home/Gen/examples"),
        ("/home/Gen/examples/17", "/home/Gen/examples/17"),  # of another execution
        ("/home/Gen/other/7", "/home/Gen/other/7"),
        ("/data/7", "/data/7"),  # imported
    ],
)
def test_the_place_of_an_output_is_that_of_all_executions_of_its_node(uri: str, place: str) -> None:
    assert output_place(uri, "examples", 7) == place


@pytest.mark.parametrize(
    ("remote", "uri", "url"),
    [
        (
            "https://github.com/ada/trips.git",
            "https://github.com/ada/trips.git",
            "https://github.com/ada/trips/blob/c0ffee/pipelines/model.py",
        ),
        (
            "git@github.com:ada/trips.git",
            "ssh://github.com/ada/trips.git",
            "https://github.com/ada/trips/blob/c0ffee/pipelines/model.py",
        ),
        (
            "ssh://git@gitlab.com/ada/trips.git",
            "ssh://git@gitlab.com/ada/trips.git",
            "https://gitlab.com/ada/trips/-/blob/c0ffee/pipelines/model.py",
        ),
        ("git@example.com:trips.git", "ssh://example.com/trips.git", "ssh://example.com/trips.git"),
        ("https://example.com/trips.git", "https://example.com/trips.git", "https://example.com/trips.git"),
        ("/srv/trips.git", "file:///srv/trips.git", "file:///srv/trips.git"),
    ],
)
def test_a_remote_is_a_uri_and_a_file_is_linked_where_the_site_is_known(remote: str, uri: str, url: str) -> None:
    assert repository_uri(remote) == uri
    assert file_url(remote, "c0ffee", "pipelines/model.py") == url
