"""Which run a part takes the rest from, and when it comes to a whole run: by the records alone."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest
from tfx.dsl.compiler.compiler import Compiler
from tfx.orchestration.pipeline import Pipeline
from tfx.proto.orchestration.pipeline_pb2 import Pipeline as PipelineIr

from headrace.errors import UnknownNameError, UserError
from headrace.metadata import MetadataStore, State
from headrace.metadata.properties import BASIS
from headrace.metadata.records import DELETED, MARKED_FOR_DELETION
from headrace.metadata.store import ConnectionConfig
from headrace.orchestration.basis import Basis
from headrace.orchestration.compilation import bind_parameters
from headrace.orchestration.graph import GraphNode, graph_of
from headrace.orchestration.partial import Part, is_whole, mark_part, succeeded_nodes
from headrace.orchestration.request import RunRequest
from headrace.settings import Settings
from tests.headrace.recording import record_artifact, record_execution, record_run
from tests.small_components import AddOne, Number

NODES = ("Number", "AddOne", "Last", "Beside")
RESUME = RunRequest(resume=True)
LAST = RunRequest(from_nodes=("Last",), to_nodes=("Last",))
FROM_LAST = RunRequest(from_nodes=("Last",))
BASE = Basis(
    {"code add.py": "1", "data of Number": "1", "definition of Beside": "1"},
    {
        "Number": frozenset({"data of Number"}),
        "AddOne": frozenset({"code add.py"}),
        "Last": frozenset(),
        "Beside": frozenset({"definition of Beside"}),
    },
)


@dataclass(frozen=True)
class Parts:
    """The pipeline Number -> AddOne -> Last, and Beside, which nothing depends on; and its runs."""

    store: MetadataStore
    pipeline: PipelineIr

    def record(self, run_id: str, failed: Sequence[str] = (), basis: Basis | None = None) -> dict[str, list[int]]:
        """Records a run; returns the two artifacts that each node has made."""
        record_run(self.store, "part", run_id)
        if basis:
            self.store.annotate_run(run_id, {BASIS: basis.to_json()})
        made = {}
        for node in NODES:
            state = State.FAILED if node in failed else State.COMPLETE
            made[node] = [record_artifact(self.store, "Integer", f"gs://part/{run_id}/{node}/{one}") for one in "01"]
            record_execution(self.store, "part", run_id, node, state, outputs={"out": made[node]})
        return made

    def mark(self, request: RunRequest) -> tuple[Part, list[GraphNode]]:
        """Marks a pipeline that is not marked yet; returns its nodes as well."""
        pipeline = deepcopy(self.pipeline)
        nodes = graph_of(pipeline, Settings())
        return mark_part(pipeline, nodes, request, self.store, BASE), nodes

    def base_of(self, request: RunRequest) -> str:
        part, _ = self.mark(request)
        return part.base_id


@pytest.fixture
def parts() -> Parts:
    config = ConnectionConfig()
    config.fake_database.SetInParent()
    number = Number(value=1)
    plus = AddOne(number=number.outputs["number"])
    last = AddOne(number=plus.outputs["sum"]).with_id("Last")
    beside = Number(value=2).with_id("Beside")
    compiled = Compiler().compile(Pipeline("part", "/root", components=[number, plus, last, beside]))
    bind_parameters(compiled, "now", {})
    return Parts(MetadataStore.connect(config), compiled)


def test_a_part_takes_the_rest_from_the_newest_run_that_made_what_it_needs(parts: Parts) -> None:
    for run_id in ("first", "second"):
        parts.record(run_id)
    parts.record("other", failed=["Last", "Beside"])  # which it does not need
    parts.record("lacking", failed=["AddOne"])
    assert parts.base_of(LAST) == "other"


@pytest.mark.parametrize("state", [DELETED, MARKED_FOR_DELETION])
@pytest.mark.parametrize("which", [0, 1])
def test_a_run_of_which_one_output_was_removed_has_not_what_a_part_needs(parts: Parts, state: str, which: int) -> None:
    for run_id in ("first", "second"):
        parts.record(run_id)
    made = parts.record("third")
    assert parts.base_of(LAST) == "third"
    parts.store.mark_artifacts([made["AddOne"][which]], state)
    assert parts.base_of(LAST) == "second"
    assert succeeded_nodes(parts.store, parts.store.runs("part")[0]) == {*NODES} - {"AddOne"}


def test_a_run_of_which_an_output_is_not_on_the_disk_has_not_what_a_part_needs(parts: Parts, tmp_path: Path) -> None:
    parts.record("first")
    there = [record_artifact(parts.store, "Integer", str(tmp_path)), record_artifact(parts.store, "Integer", "")]
    for run_id in ("second", "third"):
        record_execution(parts.store, "part", run_id, "Number")
    record_execution(parts.store, "part", "second", "AddOne", outputs={"out": there})
    gone = record_artifact(parts.store, "Integer", str(tmp_path / "gone"))
    record_execution(parts.store, "part", "third", "AddOne", outputs={"out": [there[0], gone]})
    assert parts.base_of(LAST) == "second"


def test_a_part_takes_the_rest_from_the_run_that_was_named_or_from_none(parts: Parts) -> None:
    parts.record("first")
    parts.record("second", failed=["AddOne"])
    parts.record("third")
    assert parts.base_of(RunRequest(from_nodes=("Last",), base_run="first")) == "first"
    with pytest.raises(UserError) as refused:
        parts.mark(RunRequest(from_nodes=("Last",), base_run="second"))
    assert refused.value.what == "no run of part has made all that this part needs, or it was removed"
    assert refused.value.why == "needed: AddOne, Number"


def test_the_last_run_is_resumed_or_the_one_that_was_named(parts: Parts) -> None:
    parts.record("first", failed=["Last"])
    parts.record("second", failed=["Last"])
    assert parts.base_of(RESUME) == "second"
    assert parts.base_of(RunRequest(resume=True, resumed_run="first")) == "first"


@pytest.mark.parametrize(
    "request_",
    [
        RunRequest(from_nodes=("AdOne",)),
        RunRequest(to_nodes=("AdOne",)),
        RunRequest(from_nodes=("Last",), to_nodes=("AdOne",)),
    ],
)
def test_a_node_that_is_not_there_is_refused_wherever_it_was_named(parts: Parts, request_: RunRequest) -> None:
    parts.record("first")
    with pytest.raises(UnknownNameError) as refused:
        parts.mark(request_)
    error = refused.value
    assert (error.what, error.where, error.why) == (
        "there is no node 'AdOne'",
        "pipeline part",
        "did you mean 'AddOne'?",
    )


def changed(fact: str) -> Basis:
    return Basis({**BASE.facts, fact: "0"}, BASE.nodes)


@pytest.mark.parametrize(
    ("before", "failed", "request_", "whole"),
    [
        (BASE, ["Last"], RESUME, True),
        (BASE, ["AddOne", "Last"], RESUME, True),
        (BASE, [], FROM_LAST, True),
        (BASE, [], LAST, True),
        # What is not run was made of something else; nobody knows of what; what is run may have been.
        (changed("code add.py"), ["Last"], RESUME, False),
        (changed("definition of Beside"), ["Last"], RESUME, False),
        (changed("code add.py"), ["AddOne", "Last"], RESUME, True),
        (changed("data of Number"), ["Last"], RESUME, True),  # it is read again
        (changed("data of Number"), [], FROM_LAST, False),
        (None, ["Last"], RESUME, False),
        # What is neither run nor taken over is missing.
        (BASE, ["Beside"], FROM_LAST, False),
        (BASE, [], RunRequest(to_nodes=("AddOne",)), False),
        (BASE, ["Last"], RunRequest(from_nodes=("AddOne",), to_nodes=("AddOne",)), False),
    ],
)
def test_a_part_comes_to_a_whole_run_where_the_rest_was_made_of_what_it_would_be_made_of_now(
    parts: Parts, before: Basis | None, failed: list[str], request_: RunRequest, whole: bool
) -> None:
    parts.record("first", failed, before)
    part, nodes = parts.mark(request_)
    assert is_whole(nodes, BASE, part, parts.store) is whole


def test_what_changed_of_the_data_is_read_again_and_said_so(parts: Parts) -> None:
    parts.record("first", ["Last"], changed("data of Number"))
    part, nodes = parts.mark(RESUME)
    assert (part.base_id, part.read_again) == ("first", frozenset({"Number"}))
    assert [node.id for node in nodes if not node.is_outside] == ["Number", "AddOne", "Last"]


def test_a_part_that_takes_nothing_from_a_run_is_no_whole_one(parts: Parts) -> None:
    part, nodes = parts.mark(RunRequest(to_nodes=("AddOne",)))
    assert part == Part(None)
    assert is_whole(nodes, BASE, part, parts.store) is False
