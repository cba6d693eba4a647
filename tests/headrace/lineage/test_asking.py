"""Which of several metadata stores a question is for."""

from pathlib import Path

import pytest

from headrace.errors import UnknownNameError, UserError
from headrace.lineage.asking import (
    artifact_named,
    only_answer,
    run_named,
    store_of_pipeline,
    store_of_record,
    subject_named,
)
from headrace.metadata import MetadataStore
from headrace.metadata.store import ConnectionConfig
from headrace.metadata.stores import Stores
from tests.headrace.recording import record_artifact, record_execution


@pytest.fixture
def stores() -> Stores:
    """Two stores: of the runs r1 and r2 of the pipelines one and two, with artifacts 1; in the second also 2."""
    opened = []
    for number, name in enumerate(("one", "two"), start=1):
        config = ConnectionConfig()
        config.fake_database.SetInParent()
        store = MetadataStore(MetadataStore.connect(config).handle, f"/{name}.sqlite")
        for index in range(number):
            record_artifact(store, "Model", f"/{name}/{index}")
        record_execution(store, name, f"r{number}", "Train", outputs={"model": [number]})
        opened.append(store)
    return Stores(tuple(opened))


def test_a_run_and_a_pipeline_are_in_the_store_that_has_them(stores: Stores) -> None:
    one, two = stores.opened
    assert [run_named(stores, name)[0] for name in ("r1", "r2")] == [one, two]
    assert run_named(stores, "r2")[1].pipeline == "two"
    assert [store_of_pipeline(stores, name) for name in ("one", "two")] == [one, two]


def test_an_artifact_that_only_one_store_has_is_found_there(stores: Stores) -> None:
    one, two = stores.opened
    for name in (2, "2", "/two/1", Path("/two/1/inner")):
        store, artifact = artifact_named(stores, name)
        assert (store, artifact.uri) == (two, "/two/1")
        assert subject_named(stores, name) == (two, artifact)
    assert subject_named(stores, "r1")[0] is one


def test_what_several_stores_have_is_refused_with_what_each_has(stores: Stores) -> None:
    with pytest.raises(UserError) as raised:
        artifact_named(stores, 1)
    assert raised.value.what == "artifact 1 is in 2 metadata stores: which one is meant?"
    assert raised.value.why == "Model, /one/0 in /one.sqlite; Model, /two/0 in /two.sqlite"
    assert raised.value.next_step.split() == ["Lineage('/one.sqlite')", "Lineage('/two.sqlite')"]


def test_a_run_is_no_artifact(stores: Stores) -> None:
    with pytest.raises(UserError, match="r2 is a run, and the question is about one artifact") as raised:
        artifact_named(stores, "r2")
    assert raised.value.next_step == "headrace lineage trace r2  # names its artifacts"


def test_a_record_is_of_the_store_that_has_the_same(stores: Stores) -> None:
    one, two = stores.opened
    for store in (one, two):
        artifact = store.artifact(1)
        assert artifact is not None
        assert store_of_record(stores, artifact) is store
        assert subject_named(stores, artifact) == (store, artifact)
        assert store_of_record(Stores((one,)), artifact) is one


def test_a_pipeline_that_no_store_or_several_have_is_refused(stores: Stores) -> None:
    with pytest.raises(UnknownNameError) as raised:
        store_of_pipeline(stores, "tow")
    assert (raised.value.what, raised.value.why) == ("there is no pipeline 'tow'", "did you mean 'two'?")
    record_execution(stores.opened[0], "two", "r3", "Train")
    with pytest.raises(UserError, match="the pipeline two is in 2 metadata stores: which one is meant"):
        store_of_pipeline(stores, "two")
    alone = Stores(stores.opened[:1])
    assert store_of_pipeline(alone, "whatever") is stores.opened[0]


def test_an_answer_is_that_of_the_only_store_that_knows_something(stores: Stores) -> None:
    def known_by(*knowing: MetadataStore) -> str:
        def ask(store: MetadataStore) -> str:
            if store not in knowing:
                raise UnknownNameError(f"nothing in {store.address}")
            return store.address

        return only_answer(stores, "the column x", ask)

    one, two = stores.opened
    assert [known_by(one), known_by(two)] == ["/one.sqlite", "/two.sqlite"]
    with pytest.raises(UnknownNameError, match=r"nothing in /one\.sqlite"):
        known_by()
    with pytest.raises(UserError) as raised:
        known_by(one, two)
    assert raised.value.what == "the column x is in 2 metadata stores: which one is meant?"
    assert raised.value.why == "records of it in /one.sqlite; records of it in /two.sqlite"
