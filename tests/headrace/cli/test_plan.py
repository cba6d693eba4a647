import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Command = Callable[..., tuple[int, str, str]]
DEFINITION = """
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tfx.types.standard_artifacts import Model
from hr_cli_steps import Look

model = Importer(source_uri="/usr", artifact_type=Model).with_id("model")
look = Look(model=model.outputs["result"], depth=RuntimeParameter("depth", int, 1))
LocalDagRunner().run(Pipeline("[small]", "/root", components=[model, look], enable_cache=True))
"""
STEPS = """
from tfx.dsl.component.experimental.annotations import InputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Model

@component
def Look(model: InputArtifact[Model], depth: Parameter[int]):
    pass
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "pyproject.toml").touch()
    folder = tmp_path / "pipelines" / "small"
    folder.mkdir(parents=True)
    (folder / "local_runner.py").write_text(DEFINITION)
    (folder / "hr_cli_steps.py").write_text(STEPS)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("hr_cli_steps", None)


def test_a_plan_is_a_table_and_planning_makes_no_home(project: Path, headrace: Command) -> None:
    code, out, _ = headrace("plan", "small")
    assert code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]
    assert rows == [
        ["model", "run", "new /usr: will be recorded anew", ""],
        ["Look", "run", "upstream model: would run", ""],
    ]
    assert "a run of [small]" in out
    assert out.endswith("2 of 2 nodes would run; 2 never ran\n")
    assert not (project / ".headrace").exists()


def test_a_plan_as_json_is_data(project: Path, headrace: Command) -> None:
    code, out, _ = headrace("plan", "small", "--json", "--no-cache-for", "Look")
    assert code == 0
    plan = json.loads(out)
    assert plan["pipeline"] == "[small]"
    assert plan["expected_seconds"] == 0
    assert plan["nodes"][1] == {
        "node": "Look",
        "action": "run",
        "changes": [
            {"category": "cache", "name": "", "detail": "it is off for this node"},
            {"category": "upstream", "name": "model", "detail": "would run"},
        ],
        "last_seconds": None,
    }


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["smal"], "there is no pipeline 'smal'"),
        (["small", "--set", "depth"], "cannot read the parameter 'depth'"),
        (["small", "--set", "depth=deep"], "the parameter 'depth' cannot be 'deep'"),
        (["small", "--set", "width=1"], "there is no parameter 'width'"),
        (["small", "--no-cache-for", "Lok"], "there is no node 'Lok'"),
    ],
)
def test_what_cannot_be_planned_is_the_users_fault(
    project: Path, headrace: Command, arguments: list[str], what: str
) -> None:
    code, out, err = headrace("plan", *arguments)
    assert (code, out) == (2, "")
    assert what in err


ENDING = """
import atexit, os, shutil, threading, time
shutil.rmtree("data")
os.makedirs("data")
atexit.register(lambda: os.remove("kept"))
threading.Thread(target=lambda: (time.sleep(0.3), shutil.rmtree("data"))).start()
try:
    LocalDagRunner().run(
        Pipeline("ends", os.path.abspath("data"), components=[Importer(source_uri="/usr", artifact_type=Model)])
    )
finally:
    shutil.rmtree("serving")
"""


def test_what_a_file_removes_before_and_after_its_run_is_left_alone_and_said(project: Path, headrace: Command) -> None:
    imports = [line for line in DEFINITION.splitlines() if line.startswith("from tfx")]
    (project / "ends.py").write_text("\n".join(imports) + ENDING)
    (project / "kept").touch()
    for name in ("data", "serving"):
        (project / name).mkdir()
        (project / name / "file").touch()
    code, out, err = headrace("plan", "ends.py")
    assert code == 0, err
    assert f"the file removes {project / 'data'} before each run; this plan left it alone\n" in out
    assert f"the file removes {project / 'serving'} once it has run; this plan left it alone\n" in out
    assert all((project / name).exists() for name in ("kept", "data/file", "serving/file"))


def test_an_error_of_the_file_says_what_was_left_alone_before(project: Path, headrace: Command) -> None:
    (project / "kept").touch()
    (project / "moves.py").write_text("import os\nos.rename('kept', 'moved')\nopen('moved')\n")
    code, _, err = headrace("plan", "moves.py")
    assert code == 2
    assert f"this plan left alone that it moves {project / 'kept'} to {project / 'moved'} before each run" in err
    assert err.endswith(f"next: headrace run {project / 'moves.py'}  # does all of that\n")
    assert (project / "kept").exists()
