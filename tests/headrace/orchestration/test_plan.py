"""Plans of small pipelines that are really run: each plan is followed by the run that proves it right."""

import hashlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from headrace.errors import InputDataError, ParameterError, RunFailedError
from headrace.metadata import MetadataStore
from headrace.orchestration.definition import ProgramFile, run_definition
from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.plan import Action, Plan, PlannedNode
from headrace.orchestration.planning import plan_definition
from headrace.orchestration.request import RunRequest
from headrace.settings import Settings

MAKE = """
from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Integer
import hr_helper

@component
def Make(number: OutputArtifact[Integer], start: Parameter[int] = 1):
    number.value = hr_helper.more(start)
"""
USE = """
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples, Integer, Model, String

@component
def Train(number: InputArtifact[Integer], model: OutputArtifact[Model], config: Parameter[str] = "{}"):
    with open(model.uri + "/model", "w") as file:
        file.write(config * number.value)

@component
def Judge(model: InputArtifact[Model], good: OutputArtifact[Integer]):
    with open(model.uri + "/model") as file:
        good.value = int(len(file.read()) < 100)

@component
def Push(model: InputArtifact[Model]):
    pass

@component
def Report(text: OutputArtifact[String], good: InputArtifact[Integer] = None):
    text.value = str(good and good.value)

@component
def Weigh(number: InputArtifact[Integer], model: InputArtifact[Model]):
    pass

@component
def Fail(number: InputArtifact[Integer]):
    raise ValueError("always")
"""
CHAIN = """
make = Make(start=RuntimeParameter("start", int, 1))
train = Train(number=make.outputs["number"], config=RuntimeParameter("config", str, '{"epochs": 5}'))
judge = Judge(model=train.outputs["model"])
with Cond(judge.outputs["good"].future()[0].value == 1):
    push = Push(model=train.outputs["model"])
nodes = [make, train, judge, push]
"""
DEFINITION = """
from tfx.components import CsvExampleGen
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.control_flow.for_each import ForEach
from tfx.dsl.experimental.conditionals.conditional import Cond
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline, PipelineInputs
from tfx.types import Channel
from tfx.types.standard_artifacts import Integer, Model
from hr_make import Make
from hr_use import Fail, Judge, Push, Report, Train, Weigh
{nodes}
LocalDagRunner().run(Pipeline("small", {root!r}, components=nodes, enable_cache={cache}))
"""
ACTIONS = {
    NodeState.SUCCEEDED: {Action.RUN, Action.RESOLVED},
    NodeState.CACHED: {Action.CACHED},
    NodeState.SKIPPED: {Action.SKIPPED},
}

MODULES = {"hr_make": MAKE, "hr_use": USE, "hr_helper": "def more(number):\n    return number + 1\n", "hr_other": ""}


@dataclass
class Project:
    """A project of one pipeline."""

    folder: Path
    planned: Plan = field(default_factory=lambda: Plan("", ()))

    @property
    def settings(self) -> Settings:
        return Settings(home=self.folder / "home", max_parallel=2)

    def define(self, nodes: str, cache: bool = True) -> None:
        text = DEFINITION.format(nodes=nodes, root=str(self.settings.pipeline_root("small")), cache=cache)
        (self.folder / "local_runner.py").write_text(text)

    def plan(self, *no_cache_for: str, **parameters: str) -> dict[str, Action]:
        """What each node would do; `planned` has the whole plan."""
        _forget_modules()
        request = RunRequest(parameters, no_cache_for=no_cache_for)
        self.planned = plan_definition(ProgramFile(self.folder / "local_runner.py"), self.settings, request)
        return {node.node: node.action for node in self.planned.nodes}

    def why(self, node: str) -> list[str]:
        [changes] = [one.changes for one in self.planned.nodes if one.node == node]
        return [str(change) for change in changes]

    def run(self, **parameters: str) -> dict[str, NodeState]:
        _forget_modules()
        [outcome] = run_definition(ProgramFile(self.folder / "local_runner.py"), self.settings, RunRequest(parameters))
        return {node.node: node.state for node in outcome.nodes}

    def is_right(self, **parameters: str) -> bool:
        """A run does what the plan says, wherever the plan does say."""
        actions = {name: action for name, action in self.plan(**parameters).items() if action is not Action.UNKNOWN}
        states = self.run(**parameters)
        return all(action in ACTIONS[states[name]] for name, action in actions.items())

    def outputs(self, node: str) -> list[Path]:
        return sorted((self.settings.pipeline_root("small") / node).glob("[!.]*/*"))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "pyproject.toml").touch()
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    project = Project(tmp_path)
    project.define(CHAIN)
    yield project
    _forget_modules()


def _forget_modules() -> None:
    """As a new process has it, which each command is."""
    for name in MODULES:
        sys.modules.pop(name, None)


RAN = {"Make": Action.CACHED, "Train": Action.CACHED, "Judge": Action.CACHED, "Push": Action.CACHED}


def test_with_nothing_recorded_all_that_is_certain_would_run_and_nothing_is_made(project: Project) -> None:
    before = sorted(path for path in project.folder.rglob("*") if "__pycache__" not in path.parts)
    actions = project.plan()
    assert actions == {**dict.fromkeys(RAN, Action.RUN), "Push": Action.UNKNOWN}
    assert project.why("Make") == ["new: it has not succeeded yet"]
    assert project.why("Train") == ["upstream Make: would run"]
    assert project.why("Push") == ["upstream Judge: has to run first", "upstream Train: has to run first"]
    assert [node.last_seconds for node in project.planned.nodes] == [None] * 4
    assert sorted(path for path in project.folder.rglob("*") if "__pycache__" not in path.parts) == before


def test_after_a_run_all_is_cached_and_planning_leaves_the_store_as_it_was(project: Project) -> None:
    project.run()
    store = project.settings.metadata_path
    before = hashlib.sha256(store.read_bytes()).hexdigest()
    assert project.plan() == RAN
    assert all(node.last_seconds and not node.changes for node in project.planned.nodes)
    assert project.planned.expected_seconds == 0
    assert hashlib.sha256(store.read_bytes()).hexdigest() == before
    assert project.is_right()


def test_a_parameter_is_named_with_what_it_was_and_is(project: Project) -> None:
    project.run()
    config = '{"epochs": 3}'
    actions = project.plan(config=config)
    assert actions == {**RAN, "Train": Action.RUN, "Judge": Action.RUN, "Push": Action.UNKNOWN}
    assert project.why("Train") == ["parameter config: epochs 5 -> 3"]
    assert project.why("Judge") == ["upstream Train: would run"]
    assert project.planned.expected_seconds > 0
    assert project.is_right(config=config)
    assert project.plan() == RAN  # the old value's results are there still


def test_an_edited_helper_is_named_and_an_edited_stranger_is_not(project: Project) -> None:
    project.run()
    (project.folder / "hr_other.py").write_text("EDITED = True\n")
    assert project.plan() == RAN
    (project.folder / "hr_helper.py").write_text("def more(number):\n    return number + 1000\n")
    assert project.plan()["Make"] is Action.RUN
    assert project.why("Make") == ["code hr_helper.py: changed"]
    assert project.why("Train") == ["upstream Make: would run"]
    assert project.is_right()
    assert project.plan()["Push"] is Action.SKIPPED  # the model is too large now
    assert project.why("Push") == ["input: its condition does not hold"]
    assert project.is_right()


def test_what_can_do_without_a_skipped_node_is_planned_without_it(project: Project) -> None:
    project.define("""
make = Make()
with Cond(make.outputs["number"].future()[0].value == 1):
    train = Train(number=make.outputs["number"])
    judge = Judge(model=train.outputs["model"])
nodes = [make, train, judge, Push(model=train.outputs["model"]), Report(good=judge.outputs["good"])]
""")
    assert project.plan()["Report"] is Action.UNKNOWN
    project.run()
    skipped = dict.fromkeys(("Train", "Judge", "Push"), Action.SKIPPED)
    assert project.plan() == {"Make": Action.CACHED, **skipped, "Report": Action.CACHED}
    assert project.is_right()


def test_what_is_behind_a_condition_that_nobody_knows_is_unknown_however_far_behind(project: Project) -> None:
    project.define("""
make = Make()
with Cond(make.outputs["number"].future()[0].value == 1):
    train = Train(number=make.outputs["number"])
judge = Judge(model=train.outputs["model"])
again = Train(number=judge.outputs["good"]).with_id("again")
weigh = Weigh(number=make.outputs["number"], model=again.outputs["model"])
with Cond(make.outputs["number"].future()[0].value == 2):
    report = Report(good=judge.outputs["good"])
nodes = [make, train, judge, again, weigh, report]
""")
    assert project.plan() == {
        "Make": Action.RUN,
        **dict.fromkeys(("Train", "Judge", "again", "Weigh", "Report"), Action.UNKNOWN),
    }
    assert {node.node: project.why(node.node) for node in project.planned.nodes} == {
        "Make": ["new: it has not succeeded yet"],
        "Train": ["upstream Make: has to run first"],
        "Judge": ["upstream Train: may be skipped"],
        "again": ["upstream Judge: may be skipped"],
        "Weigh": ["upstream again: may be skipped"],
        "Report": ["upstream Make: has to run first"],
    }
    project.run()
    skipped = dict.fromkeys(("Train", "Judge", "again", "Weigh"), Action.SKIPPED)
    assert project.plan() == {"Make": Action.CACHED, **skipped, "Report": Action.CACHED}


def test_only_nodes_that_would_run_take_the_time_they_took() -> None:
    actions = (Action.RUN, Action.CACHED, Action.RESOLVED, Action.SKIPPED, Action.UNKNOWN, Action.RUN)
    nodes = [PlannedNode(f"n{one}", action, last_seconds=2.0**one) for one, action in enumerate(actions)]
    planned = Plan("small", (*nodes, PlannedNode("never ran", Action.RUN)))
    assert planned.expected_seconds == 1 + 32
    assert planned.asdict()["expected_seconds"] == 1 + 32


def test_upstream_and_own_changes_are_both_named(project: Project) -> None:
    project.run()
    with open(project.folder / "hr_use.py", "a") as file:
        file.write("# edited\n")
    project.plan(start="2", config='{"epochs": 9}')
    own = ["parameter config: epochs 5 -> 9", "code hr_use.py: changed"]
    assert project.why("Train") == ["upstream Make: would run", *own]


@pytest.mark.parametrize("damage", ["emptied", "cut", "removed"])
def test_damaged_outputs_are_made_again(project: Project, damage: str) -> None:
    project.run()
    [folder] = project.outputs("Train")
    match damage:
        case "emptied":
            (folder / "model").unlink()
        case "cut":
            (folder / "model").write_text("{")
        case "removed":
            shutil.rmtree(folder)
    assert project.plan()["Train"] is Action.RUN
    why = "it is gone" if damage == "removed" else "its files are not those that were left there"
    assert project.why("Train") == [f"outputs {folder}: {why}"]
    assert project.is_right()
    assert project.plan() == RAN


def test_where_the_cache_is_off_a_node_would_run_each_time(project: Project) -> None:
    project.run()
    actions = project.plan("Judge")
    assert actions == {**RAN, "Judge": Action.RUN, "Push": Action.UNKNOWN}
    assert project.why("Judge") == ["cache: it is off for this node"]
    project.define(CHAIN, cache=False)
    assert set(project.plan().values()) == {Action.RUN, Action.UNKNOWN}


def test_a_node_that_failed_would_run_again(project: Project) -> None:
    project.define('make = Make()\nfail = Fail(number=make.outputs["number"])\nnodes = [make, fail]')
    with pytest.raises(RunFailedError):
        project.run()
    assert project.plan() == {"Make": Action.CACHED, "Fail": Action.RUN}
    assert project.why("Fail") == ["new: it has not succeeded yet"]


def test_data_is_compared_as_the_driver_of_an_example_gen_does(project: Project) -> None:
    data = project.folder / "data"
    data.mkdir()
    (data / "trips.csv").write_text("miles\n1.5\n2.5\n")
    project.define(f"gen = CsvExampleGen({str(data)!r})\nnodes = [gen]")
    project.run()
    assert project.plan() == {"CsvExampleGen": Action.CACHED}
    (data / "more.csv").write_text("miles\n3.5\n")
    assert project.plan() == {"CsvExampleGen": Action.RUN}
    assert project.why("CsvExampleGen") == [
        "data input_fingerprint: split single_split 1 file of 14 bytes -> 2 files of 24 bytes"
    ]


def test_a_node_for_each_artifact_is_cached_when_all_of_them_are(project: Project) -> None:
    nodes = """
makes = [Make(start=start).with_id(f"make{start}") for start in (1, 2)]
with ForEach(union([one.outputs["number"] for one in makes])) as one:
    train = Train(number=one)
nodes = [*makes, train]
"""
    project.define(
        "from tfx.dsl.components.common.resolver import Resolver\nfrom tfx.types.channel import union" + nodes
    )
    assert project.plan()["Train"] is Action.UNKNOWN
    project.run()
    assert set(project.plan().values()) == {Action.CACHED}
    assert project.is_right()


def test_of_a_node_for_each_artifact_the_new_one_is_named_and_all_are_handed_on(project: Project) -> None:
    nodes = """
from tfx.types.channel import union
makes = [Make(start=start).with_id(f"make{{start}}") for start in (1, 2, 3)]
with ForEach(union([one.outputs["number"] for one in makes[:{some}]])) as one:
    train = Train(number=one)
with ForEach(train.outputs["model"]) as model:
    judge = Judge(model=model)
nodes = [*makes, train, judge]
"""
    project.define(nodes.format(some=2))
    project.run()
    assert set(project.plan().values()) == {Action.CACHED}
    (project.outputs("Judge")[0] / "value").unlink()  # what the first model led to
    assert project.plan()["Judge"] is Action.RUN
    assert project.is_right()
    project.define(nodes.format(some=3))
    assert project.plan()["Train"] is Action.RUN
    store = MetadataStore.of_project(project.settings)
    [third] = [one.id for one in store.executions(store.runs("small")[0]) if one.node == "make3"]
    assert project.why("Train") == [f"input number: {store.outputs(third)['number'][0].id} is new"]
    # How many models there will be is not known.
    assert project.why("Judge") == ["upstream Train: has to run first"]


def test_sub_pipelines_are_planned_to_their_end(project: Project) -> None:
    project.define("""
make = Make(start=RuntimeParameter("start", int, 1))
inputs = PipelineInputs({"number": make.outputs["number"]})
train = Train(number=inputs["number"])
made = {"model": train.outputs["model"]}
inner = Pipeline("inner", components=[train], inputs=inputs, outputs=made, enable_cache=True)
nodes = [make, inner, Judge(model=inner.outputs["model"])]
""")
    project.run()
    work = {"Make": Action.CACHED, "inner.Train": Action.CACHED, "Judge": Action.CACHED}
    ends = {"inner.inner_begin": Action.RESOLVED, "inner.inner_end": Action.RESOLVED}
    assert project.plan() == work | ends
    assert project.is_right()
    assert set(project.plan(start="2").values()) == {Action.RUN}
    assert project.is_right(start="2")


def test_importers_and_resolvers_find_what_is_recorded(project: Project) -> None:
    model = project.folder / "model"
    model.mkdir()
    (model / "model").write_text("{}")
    project.define(f"""
imported = Importer(source_uri={str(model)!r}, artifact_type=Model).with_id("imported")
latest = Resolver(strategy_class=LatestArtifactStrategy, number=Channel(type=Integer)).with_id("latest")
nodes = [imported, Judge(model=imported.outputs["result"]), latest, Train(number=latest.outputs["number"])]
""")
    first = project.plan()
    assert first["imported"] is Action.RUN
    assert first["Judge"] is Action.RUN
    assert first["Train"] is Action.UNKNOWN  # there is no number yet
    project.define(CHAIN)
    project.run()
    project.define(f"""
imported = Importer(source_uri={str(model)!r}, artifact_type=Model).with_id("imported")
judge = Judge(model=imported.outputs["result"]).with_id("again")
latest = Resolver(strategy_class=LatestArtifactStrategy, number=Channel(type=Integer)).with_id("latest")
train = Train(number=latest.outputs["number"]).with_id("latest_train")
train.add_upstream_node(judge)
nodes = [imported, judge, latest, train]
""")
    project.run()
    assert project.plan()["imported"] is Action.RESOLVED
    assert project.plan()["latest"] is Action.RESOLVED
    assert project.plan()["again"] is Action.CACHED
    assert project.is_right()


def test_what_a_run_would_refuse_a_plan_refuses(project: Project) -> None:
    with pytest.raises(ParameterError):
        project.plan(start="many")
    project.define('nodes = [CsvExampleGen("/headrace/no/such/folder")]')
    with pytest.raises(InputDataError):
        project.plan()
