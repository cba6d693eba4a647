import os
import zipfile
from pathlib import Path

import pytest
from tfx.proto.orchestration.executable_spec_pb2 import (
    BeamExecutableSpec,
    ContainerExecutableSpec,
    PythonClassExecutableSpec,
)
from tfx.proto.orchestration.pipeline_pb2 import PipelineNode

from headrace.orchestration.code_fingerprint import code_of, digest_of

NO_EXECUTOR = None


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "hr_steps.py").write_text("import hr_helper\n")
    (tmp_path / "hr_helper.py").write_text("WIDTH = 3\n")
    (tmp_path / "hr_unrelated.py").write_text("")
    return tmp_path


def node(**parameters: str) -> PipelineNode:
    made = PipelineNode()
    for name, value in parameters.items():
        made.parameters.parameters[name].field_value.string_value = value
    return made


def python(class_path: str) -> PythonClassExecutableSpec:
    return PythonClassExecutableSpec(class_path=class_path)


def test_an_executors_module_and_what_it_imports_are_its_code(project: Path) -> None:
    code = code_of(node(), python("hr_steps.Make_Executor"))
    assert set(code) == {"hr_steps.py", "hr_helper.py"}
    beam = BeamExecutableSpec(python_executor_spec=python("hr_steps.Make_Executor"))
    assert code_of(node(), beam) == code


@pytest.mark.parametrize(
    ("file", "changes"), [("hr_steps.py", True), ("hr_helper.py", True), ("hr_unrelated.py", False)]
)
def test_only_an_edit_of_what_is_imported_changes_the_digest(project: Path, file: str, changes: bool) -> None:
    spec = python("hr_steps.Make_Executor")
    before = digest_of(code_of(node(), spec))
    with open(project / file, "a") as text:
        text.write("# a comment counts as well\n")
    assert (digest_of(code_of(node(), spec)) != before) is changes


def test_the_same_length_at_another_time_is_read_anew(project: Path) -> None:
    spec, helper = python("hr_steps.Make_Executor"), project / "hr_helper.py"
    before = digest_of(code_of(node(), spec))
    helper.write_text("WIDTH = 4\n")
    os.utime(helper, ns=(0, helper.stat().st_mtime_ns + 1))
    assert digest_of(code_of(node(), spec)) != before


def test_touching_a_file_changes_nothing(project: Path) -> None:
    spec = python("hr_steps.Make_Executor")
    before = digest_of(code_of(node(), spec))
    os.utime(project / "hr_helper.py", (0, 0))
    assert digest_of(code_of(node(), spec)) == before


def test_a_librarys_executor_counts_by_its_version() -> None:
    code = code_of(node(), python("tfx.components.trainer.executor.GenericExecutor"))
    assert code == {"package tfx": "1.21.0"}


def test_functions_that_parameters_name_are_code(project: Path) -> None:
    code = code_of(node(run_fn="hr_steps.run_fn", custom_config="hr_unrelated.value"), NO_EXECUTOR)
    assert set(code) == {"hr_steps.py", "hr_helper.py"}
    assert code_of(node(run_fn="tensorflow.nn.relu", preprocessing_fn="hr_gone.fn", other_fn="bare"), None) == {}


def test_files_that_parameters_name_are_code_and_folders_are_not(project: Path) -> None:
    (project / "schema.pbtxt").write_text("feature {}")
    files = {"schema_file": str(project / "schema.pbtxt"), "module_file": str(project / "hr_steps.py")}
    code = code_of(node(**files, input_base=str(project), missing=str(project / "gone"), text="a\0b", empty=""), None)
    assert set(code) == {"schema.pbtxt", "hr_steps.py", "hr_helper.py"}


def test_a_text_too_long_for_a_path_is_no_file() -> None:
    assert code_of(node(custom_config="x/" * 100_000), NO_EXECUTOR) == {}


def test_a_wheel_of_a_module_file_counts_by_its_modules_not_by_when_it_was_built(project: Path) -> None:
    def build(text: str, year: int) -> dict[str, str]:
        with zipfile.ZipFile(project / "user.whl", "w") as wheel:
            wheel.writestr(zipfile.ZipInfo("model.py", (year, 1, 1, 0, 0, 0)), text)
            wheel.writestr(zipfile.ZipInfo("user.dist-info/RECORD", (year, 1, 1, 0, 0, 0)), str(year))
        return code_of(node(module_path=f"model@{project / 'user.whl'}"), NO_EXECUTOR)

    first = build("import hr_steps", 2020)
    assert set(first) == {"module_path/model.py", "hr_steps.py", "hr_helper.py"}
    assert build("import hr_steps", 2021) == first
    assert build("import hr_steps, json", 2021) != first


def test_names_do_not_depend_on_where_the_command_is_typed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = python("hr_steps.Make_Executor")
    monkeypatch.chdir(project)
    inside = code_of(node(), spec)
    monkeypatch.chdir("/")
    assert code_of(node(), spec) == inside


def test_files_of_no_project_are_named_in_full_and_two_of_one_name_stay_two(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    alone, other = tmp_path_factory.mktemp("alone"), tmp_path_factory.mktemp("other")
    (other / "pyproject.toml").touch()
    for folder in (alone, other):
        (folder / "hr_steps.py").write_text("")
    parameters = {f"file_{index}": str(folder / "hr_steps.py") for index, folder in enumerate((project, alone, other))}
    names = code_of(node(**parameters), NO_EXECUTOR)
    assert str(alone / "hr_steps.py") in names
    assert len(names) == 4  # with the helper


def test_a_container_and_no_executor_have_no_code() -> None:
    assert code_of(node(), ContainerExecutableSpec(image="python")) == {}
    assert code_of(node(), NO_EXECUTOR) == {}
    assert digest_of({}) == ""
