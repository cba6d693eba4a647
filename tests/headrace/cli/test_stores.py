"""Commands look at every store that the project's runs used, or at the one that is named."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.lineage import Lineage
from headrace.metadata import MetadataStore
from headrace.metadata.known_stores import known_stores, remember
from headrace.metadata.store import sqlite_config
from headrace.settings import Settings
from tests.headrace.recording import record_artifact, record_execution

Command = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[3]

# A pipeline as TFX's guides have it, with a store of its own, beside this file.
DEFINITION = """
import argparse
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from headrace.orchestration import HeadraceDagRunner
from tests.small_components import Number

parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=int, default=1)
factor = parser.parse_args().factor
HeadraceDagRunner().run(Pipeline(
    "own", "root", components=[Number(value=10 * factor)],
    metadata_connection_config=metadata.sqlite_metadata_connection_config("own.db"),
))
"""


@pytest.fixture
def two(store: MetadataStore, settings: Settings, project: Path) -> dict[str, str]:
    """The addresses of the project's store and of one of a pipeline's own, each with a run and a model."""
    other = MetadataStore.connect(sqlite_config(project / "the other.db"))
    for its, pipeline in ((store, "taxi"), (other, "penguin")):
        model = record_artifact(its, "Model", f"/models/{pipeline}", name=pipeline)
        record_execution(its, pipeline, f"{pipeline}-1", "Trainer", outputs={"model": [model]})
    remember(settings.home, other.address)
    return {"taxi": store.address, "penguin": other.address}


def test_runs_of_all_stores_are_listed_with_their_store(two: dict[str, str], headrace: Command) -> None:
    listed = json.loads(headrace("runs", "list", "--json")[1])
    assert {run["run"]: run["store"] for run in listed} == {"penguin-1": two["penguin"], "taxi-1": two["taxi"]}
    assert two["penguin"] in headrace("runs", "list")[1]
    for pipeline, address in two.items():
        [run] = json.loads(headrace("runs", "list", "--metadata", address, "--json")[1])
        assert run["pipeline"] == pipeline
        shown = json.loads(headrace("runs", "show", f"{pipeline}-1", "--json")[1])
        assert [one["node"] for one in shown["executions"]] == ["Trainer"]


def test_questions_find_what_only_one_store_has(two: dict[str, str], headrace: Command) -> None:
    for name in ("penguin-1", "/models/penguin", "latest"):
        code, out, err = headrace("lineage", "trace", name, "--json")
        assert (code, err) == (0, "")
        assert "penguin" in out
        assert "taxi" not in out
    assert headrace("lineage", "live", "penguin")[0] == 0
    code, _, err = headrace("lineage", "live", "pengiun")
    assert code == 2
    assert "did you mean 'penguin'?" in err
    assert "these were run: penguin, taxi" in headrace("lineage", "live")[2]


@pytest.mark.parametrize("command", [("show", "1"), ("lineage", "trace", "1"), ("lineage", "impact", "1")])
def test_an_id_that_two_stores_have_is_refused_with_the_commands_that_name_each(
    two: dict[str, str], headrace: Command, command: tuple[str, ...]
) -> None:
    code, out, err = headrace(*command)
    assert (code, out) == (2, "")
    assert "artifact 1 is in 2 metadata stores: which one is meant?" in err
    for pipeline, address in two.items():
        assert f"Model, /models/{pipeline} in {address}" in err
        typed = shlex.join(["headrace", *command, "--metadata", address])
        assert typed in err
        code, out, err_of_one = headrace(*shlex.split(typed)[1:])
        assert (code, err_of_one) == (0, "")
        assert pipeline in out


def test_a_run_that_two_stores_have_is_refused_too_but_not_as_the_latest(
    two: dict[str, str], store: MetadataStore, headrace: Command
) -> None:
    record_execution(store, "penguin", "penguin-1", "Pusher")
    for command in (("runs", "show"), ("lineage", "trace")):
        code, _, err = headrace(*command, "penguin-1")
        assert code == 2
        assert "run penguin-1 is in 2 metadata stores" in err
        assert f"--metadata {two['taxi']}" in err
    assert headrace("runs", "show", "latest")[0] == 0
    code, _, err = headrace("lineage", "live", "penguin")
    assert code == 2
    assert "the pipeline penguin is in 2 metadata stores" in err


def test_runs_of_two_stores_are_not_compared(two: dict[str, str], headrace: Command) -> None:
    code, _, err = headrace("lineage", "diff", "taxi-1", "penguin-1")
    assert code == 2
    assert "they are in two metadata stores" in err
    code, _, err = headrace("lineage", "diff", "taxi-1")  # the latest of the same store
    assert (code, "the run taxi-1 cannot be compared with itself" in err) == (2, True)


def test_python_asks_all_stores_too(two: dict[str, str], project: Path) -> None:
    asked = Lineage.of_home(project / ".headrace")
    assert [run.id for run in asked.runs()] == ["penguin-1", "taxi-1"]
    assert sorted(one.uri for one in asked.artifacts("Model")) == ["/models/penguin", "/models/taxi"]
    [penguin] = [one for one in asked.artifacts("Model") if one.uri == "/models/penguin"]
    assert asked.trace(penguin).title.startswith("Model 1")
    assert "penguin" in asked.trace(penguin).steps[0].run
    assert Lineage(two["taxi"]).run().id == "taxi-1"


def test_a_store_that_vanished_is_told_once_and_the_others_answer(two: dict[str, str], headrace: Command) -> None:
    Path(two["penguin"]).unlink()
    notes = []
    for command in (("runs", "list"), ("lineage", "trace"), ("show", "1"), ("gc",)):
        code, _, err = headrace(*command)
        assert code == 0
        notes.append(err)
    assert notes == [f"note: {two['penguin']} is left out, and forgotten: no such file any more\n", "", "", ""]


def test_what_a_pipeline_with_a_store_of_its_own_ran_is_recorded_as_it_was_typed(
    project: Path, settings: Settings, headrace: Command
) -> None:
    (project / "my pipe.py").write_text(DEFINITION)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    ran = subprocess.run(
        [sys.executable, "my pipe.py", "--factor", "7"],
        cwd=project,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [one.address for one in known_stores(settings.home)] == [str(project / "own.db")]
    listed = json.loads(headrace("runs", "list", "--json")[1])
    assert [(run["pipeline"], run["state"]) for run in listed] == [("own", "succeeded")]
    code, out, err = headrace("run", "my pipe.py", "--only", "Number", "--", "--factor", "7")
    assert code == 0, out + err
    asked = Lineage()
    assert [run.command for run in asked.runs()] == [
        "headrace run 'my pipe.py' --only Number -- --factor 7",
        f"{Path(sys.executable).name} 'my pipe.py' --factor 7",
    ]
    assert not settings.metadata_path.exists()
