"""Arguments that no name, number or path can be: one message each."""

import os
from collections.abc import Callable

import pytest

from headrace.metadata import MetadataStore
from tests.headrace.recording import record_artifact, record_execution

Command = Callable[..., tuple[int, str, str]]

ODD = {
    "300 characters": "x" * 300,
    "5,000 digits": "9" * 5000,
    "bytes that are not UTF-8": os.fsdecode(b"caf\xe9"),
    "a path of 6,000 characters": "a/" * 3000,
    "a path with a long name": "a/" + "x" * 300 + ".py",
}
TAKING_A_NAME = [
    "lineage trace", "lineage impact", "lineage diff", "lineage diff latest", "lineage features", "lineage open",
    "lineage card", "lineage schema", "lineage live", "lineage spans", "lineage export --openlineage", "plan", "run",
    "run x.py --span", "runs show", "runs logs", "runs logs latest", "runs terminate", "show",
]  # fmt: skip


@pytest.fixture
def recorded(store: MetadataStore) -> MetadataStore:
    for run in ("20260101-000001", "20260102-000002"):
        model = record_artifact(store, "Model", f"/root/{run}")
        record_execution(store, "taxi", run, "Trainer", outputs={"model": [model]})
    return store


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("kind", ODD)
def test_what_can_be_no_name_is_refused_in_one_message(headrace: Command, kind: str) -> None:
    for command in TAKING_A_NAME:
        code, out, err = headrace(*command.split(), ODD[kind])
        assert (code, out) == (2, ""), command
        assert err.startswith("error: "), command
        assert "Traceback" not in err, command


@pytest.mark.usefixtures("recorded")
def test_a_mistyped_artifact_suggests_the_nearest_one_to_show_as_well(headrace: Command) -> None:
    for command in ("show", "lineage trace"):
        code, _, err = headrace(*command.split(), "Trainer.modl")
        assert code == 2
        assert "did you mean 'Trainer.model'?" in err


@pytest.mark.usefixtures("recorded")
def test_what_a_node_of_the_latest_run_made_is_shown_by_its_name(headrace: Command) -> None:
    code, out, _ = headrace("show", "Trainer.model")
    assert code == 0
    assert "/root/20260102-000002" in out


@pytest.mark.usefixtures("recorded")
def test_a_run_is_not_shown_as_an_artifact(headrace: Command) -> None:
    code, _, err = headrace("show", "latest")
    assert code == 2
    assert err.endswith("  next: headrace runs show 20260102-000002\n")


@pytest.mark.usefixtures("store")
def test_the_latest_of_no_runs_is_not_suggested(headrace: Command) -> None:
    code, _, err = headrace("runs", "show", "latest")
    assert code == 2
    assert "did you mean" not in err
