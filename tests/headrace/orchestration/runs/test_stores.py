"""Whole runs, and the commands that look at them, with each kind of metadata store."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.metadata import MetadataStore, State
from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.request import RunRequest
from headrace.settings import Settings
from tests.database_servers import PASSWORD
from tests.headrace.orchestration.runs.conftest import RunPipeline
from tests.small_components import AddOne, Flaky, Number, Text

DEFINITION = """
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tests.small_components import AddOne, Meet, Number

number = Number(value=1)
meets = Meet(place={place!r}, me={me!r}, other={other!r}).with_id("Meets")
last = AddOne(number=number.outputs["number"]).with_id("Last")
last.add_upstream_node(meets)
LocalDagRunner().run(Pipeline({name!r}, {root!r}, components=[number, meets, last], enable_cache=True))
"""


@pytest.fixture
def settings(settings_with_each_store: Settings) -> Settings:
    return settings_with_each_store


def start(settings: Settings, *arguments: str) -> "subprocess.Popen[str]":
    """Starts a command in a project with this store."""
    environment = {**os.environ, "HEADRACE_HOME": str(settings.home), "COLUMNS": "200"}
    if settings.metadata:
        environment["HEADRACE_METADATA"] = settings.metadata.get_secret_value()
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("headrace")), *arguments],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def output(process: "subprocess.Popen[str]", exit_code: int = 0) -> str:
    out, err = process.communicate(timeout=240)
    assert process.returncode == exit_code, out + err
    assert PASSWORD not in out + err
    return out


def test_a_run_fails_is_resumed_and_comes_from_the_cache(
    run_pipeline: RunPipeline, settings: Settings, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()

    def run(request: RunRequest | None = None) -> dict[str, NodeState]:
        number, flaky = Number(value=1), Flaky(marks=str(marks), failures=1)
        last = AddOne(number=number.outputs["number"]).with_id("Last")
        last.add_upstream_node(flaky)
        text = Text(value='a "quoted" \\ text, and a long one: ' + ", ".join(str(number**9) for number in range(500)))
        ran = run_pipeline("stored", [number, text, flaky, last], request, enable_cache=True)
        states = {execution.node: execution.state for execution in ran.executions}
        assert bool(ran.error) == (State.FAILED in states.values())
        return {} if ran.error else ran.states

    assert run() == {}
    resumed = run(RunRequest(resume=True))
    assert (resumed["Number"], resumed["Flaky"], resumed["Last"]) == (
        NodeState.REUSED,
        NodeState.SUCCEEDED,
        NodeState.SUCCEEDED,
    )
    assert set(run().values()) == {NodeState.CACHED}
    store = MetadataStore.of_project(settings)
    [last] = [one for one in store.executions(store.runs("stored")[0]) if one.node == "Last"]
    assert Path(store.outputs(last.id)["sum"][0].uri).read_text() == "2"
    assert settings.metadata_path.exists() == (settings.metadata is None)


def test_two_runs_at_once_and_all_that_is_asked_of_them(settings: Settings, tmp_path: Path) -> None:
    # Each waits for a sign of the other, so they do run at once, and begin with a store that is not there.
    paths = {}
    for name, me, other in (("left", "l", "r"), ("right", "r", "l")):
        paths[name] = tmp_path / f"{name}.py"
        root = str(settings.pipeline_root(name))
        paths[name].write_text(DEFINITION.format(place=str(tmp_path), me=me, other=other, name=name, root=root))
    for process in [start(settings, "run", str(path)) for path in paths.values()]:
        output(process)
    runs = json.loads(output(start(settings, "runs", "list", "--json")))
    assert {run["pipeline"]: (run["state"], run["nodes"]) for run in runs} == {
        name: ("succeeded", {"succeeded": 3}) for name in paths
    }
    shown = json.loads(output(start(settings, "runs", "show", "latest", "--json")))
    assert shown["run"] == runs[0]["run"]
    assert {one["node"]: one["state"] for one in shown["executions"]}["Last"] == "succeeded"
    assert "Meets" in output(start(settings, "runs", "logs", "latest"))
    output(start(settings, "runs", "terminate", "latest"), exit_code=2)
    planned = json.loads(output(start(settings, "plan", str(paths["left"]), "--json")))
    assert {node["action"] for node in planned["nodes"]} == {"cached"}
    assert "Integer 1," in output(start(settings, "show", "1"))
