"""The strict reader refuses what is not valid: else tests that read by it would say nothing."""

import json
from typing import Any

import pytest

from headrace.lineage.openlineage_sending import line_of
from headrace.metadata import MetadataStore
from headrace.metadata.store import sqlite_config
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.lineage.openlineage_reading import NotValidError, read_event


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The end of an ExampleGen."""
    folder = tmp_path_factory.mktemp("store")
    recorder = Recorder(MetadataStore.connect(sqlite_config(folder / "metadata.sqlite")), folder)
    recorder.data("1")
    return line_of(recorder.lineage.openlineage()[-2])


@pytest.fixture
def event(line: str) -> dict[str, Any]:
    """That, as plain data, which may be changed."""
    read_event(line)
    plain: dict[str, Any] = json.loads(line)
    return plain


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("eventTime",), "2026-01-01T00:00:00"),
        (("eventTime",), "2026-01-01"),
        (("eventType",), "DONE"),
        (("surprise",), 1),
        (("producer",), "headrace"),
        (("schemaURL",), "https://openlineage.io/spec/1-0-0/OpenLineage.json"),
        (("run", "runId"), "20260101-120000"),
        (("run", "facets", "parents"), {}),
        (("run", "facets", "parent", "job"), {"name": "small"}),
        (("run", "facets", "parent", "_schemaURL"), "https://openlineage.io/spec/facets/1-0-0/ParentRunFacet.json"),
        (("inputs", 0, "name"), None),
        (("inputs", 0, "inputFacets", "inputStatistics", "size"), "1000"),
        (("inputs", 0, "inputFacets", "inputStatistics", "size"), True),
        (("outputs", 0, "outputFacets", "outputStatistics", "rows"), 10),
        (("outputs",), {}),
        (("job",), None),
    ],
)
def test_what_is_not_as_the_schemas_have_it_is_refused(
    event: dict[str, Any], path: tuple[str | int, ...], value: object
) -> None:
    place: Any = event
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises((NotValidError, ValueError)):
        read_event(json.dumps(event))


@pytest.mark.parametrize("missing", ["eventTime", "run", "job", "producer", "schemaURL"])
def test_what_is_missing_is_refused(event: dict[str, Any], missing: str) -> None:
    del event[missing]
    with pytest.raises(NotValidError):
        read_event(json.dumps(event))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(NotValidError, match="NaN"):
        read_event('{"eventTime": NaN}')
