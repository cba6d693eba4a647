import os
import sys
from pathlib import Path

import pytest

from headrace.errors import DefinitionError, HeadraceError, InputDataError, UnknownNameError, UserError
from headrace.orchestration.compilation import bind_parameters
from headrace.orchestration.definition import Definition, ProgramFile, execute, run_definition
from headrace.orchestration.request import RunRequest
from headrace.settings import Settings

# A pipeline of one node; {runner} is any of TFX's local runners, {after} is run once the runner has.
DEFINITION = """
from tfx.components import CsvExampleGen
from tfx.orchestration.pipeline import Pipeline
{runner}

def run():
    nodes = [CsvExampleGen("/headrace/no/such/folder")]
    Runner().run(Pipeline("pipeline", "/root", components=nodes))
    {after}

if __name__ == "__main__":
    run()
"""
RUNNERS = {
    "local": "from tfx.orchestration.local.local_dag_runner import LocalDagRunner as Runner",
    "beam": "from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner as Runner",
    "headrace": "from headrace.orchestration import HeadraceDagRunner as Runner",
}


def refusal(folder: Path, text: str, **parameters: str) -> UserError:
    """The error of running a file; none of these gets as far as a node."""
    path = folder / "local_runner.py"
    path.write_text(text)
    with pytest.raises(UserError) as raised:
        run_definition(ProgramFile(path), Settings(home=folder / "home"), RunRequest(parameters))
    return raised.value


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
def test_whichever_local_runner_a_file_calls_headrace_runs_the_pipeline(
    runner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    error = refusal(tmp_path, DEFINITION.format(runner=runner, after="pass"))
    assert isinstance(error, InputDataError)  # only Headrace looks at the input first
    assert error.where == "/headrace/no/such/folder"


def test_a_file_may_exit_well_after_its_runner_has_run(tmp_path: Path) -> None:
    text = DEFINITION.format(runner=RUNNERS["local"], after="raise SystemExit(0)")
    assert isinstance(refusal(tmp_path, text), InputDataError)


def test_parameters_reach_the_pipeline(tmp_path: Path) -> None:
    text = DEFINITION.format(runner=RUNNERS["local"], after="pass")
    error = refusal(tmp_path, text, steps="3")
    assert isinstance(error, UnknownNameError)
    assert "'steps'" in error.what


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
def test_what_a_file_defines_is_compiled_and_handed_out_while_the_file_is_main(
    runner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "local_runner.py"
    path.write_text(DEFINITION.format(runner=runner, after="pass"))
    before = sys.modules["__main__"], sys.argv, list(sys.path)
    settings = Settings(home=tmp_path / "home", max_parallel=7)

    def look(definition: Definition) -> None:
        # A file that makes a Headrace runner itself gave it its settings.
        assert (definition.runner.settings == settings) == ("headrace" not in runner)
        assert definition.pipeline.pipeline_info.id == "pipeline"
        assert [one.pipeline_node.node_info.id for one in definition.pipeline.nodes] == ["CsvExampleGen"]
        assert definition.options is None
        assert sys.modules["__main__"].__file__ == str(path)
        assert (sys.argv, sys.path[0]) == ([str(path), "--factor", "7"], str(tmp_path))
        looked.append(definition)

    looked: list[Definition] = []
    execute(ProgramFile(path, ("--factor", "7")), settings, look)
    assert len(looked) == 1
    assert (sys.modules["__main__"], sys.argv, sys.path) == before


def test_a_part_of_the_pipeline_that_the_file_asks_for_is_handed_out(tmp_path: Path) -> None:
    path = tmp_path / "local_runner.py"
    text = DEFINITION.format(runner=RUNNERS["local"], after="pass")
    options = "run_options=RunOptions(from_nodes=['CsvExampleGen'])"
    path.write_text(text.replace("nodes))", f"nodes), {options})").replace("Pipeline\n", "Pipeline, RunOptions\n", 1))
    definitions: list[Definition] = []
    execute(ProgramFile(path), Settings(home=tmp_path / "home"), definitions.append)
    [definition] = definitions
    assert definition.options is not None
    assert list(definition.options.partial_run.from_nodes) == ["CsvExampleGen"]


def test_a_file_is_main_no_longer_after_an_error_in_what_uses_it(tmp_path: Path) -> None:
    path = tmp_path / "local_runner.py"
    path.write_text(DEFINITION.format(runner=RUNNERS["local"], after="pass"))
    before = sys.modules["__main__"], sys.argv, list(sys.path)
    with pytest.raises(UserError):
        run_definition(ProgramFile(path), Settings(home=tmp_path), RunRequest())
    assert (sys.modules["__main__"], sys.argv, sys.path) == before


def test_a_file_that_fails_names_its_own_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, "def run():\n    return {}['data']\n\nrun()\n")
    path = tmp_path / "local_runner.py"
    assert isinstance(error, DefinitionError)
    assert error.where == f"{path}:2 in run"
    assert error.why == "KeyError: 'data'"
    assert error.next_step == f"python {path}"


def test_a_file_that_python_cannot_read_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path, "def run(:\n")
    assert isinstance(error, DefinitionError)
    assert error.where.startswith(str(tmp_path / "local_runner.py"))
    assert "SyntaxError" in error.why


def test_a_file_that_runs_nothing_says_so(tmp_path: Path) -> None:
    error = refusal(tmp_path, "pipeline = None\n")
    assert isinstance(error, DefinitionError)
    assert error.what == "the file runs no pipeline"


@pytest.mark.parametrize(("code", "said"), [("4", "4"), ("True", "1"), ("256", "256"), ("-1", "-1")])
def test_a_file_that_exits_early_says_with_which_code(code: str, said: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, f"raise SystemExit({code})\n")
    assert isinstance(error, DefinitionError)
    assert (error.what, error.why) == ("the pipeline's file ends early", f"exit code {said}")


@pytest.mark.parametrize("code", ["None", "False", "0"])
def test_a_file_that_exits_well_before_it_runs_anything_ends_so_with_a_note(
    code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "local_runner.py"
    path.write_text(f"raise SystemExit({code})\n")
    with pytest.raises(SystemExit) as ended:
        run_definition(ProgramFile(path), Settings(home=tmp_path / "home"), RunRequest())
    assert not ended.value.code
    assert capsys.readouterr().err == f"note: {path} ended before it ran a pipeline\n"


def test_a_message_that_a_file_exits_with_is_left_to_who_ends_the_process(tmp_path: Path) -> None:
    path = tmp_path / "local_runner.py"
    path.write_text("raise SystemExit('a message')\n")
    with pytest.raises(SystemExit, match="a message"):
        run_definition(ProgramFile(path), Settings(home=tmp_path / "home"), RunRequest())


def test_a_message_that_a_file_exits_with_after_an_error_of_its_run_is_printed_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = DEFINITION.format(runner=RUNNERS["local"], after="pass")
    text = text.replace(
        "    run()\n", "    try:\n        run()\n    except Exception:\n        raise SystemExit('mine')\n"
    )
    assert isinstance(refusal(tmp_path, text), InputDataError)
    assert capsys.readouterr().err == "mine\n"


def failing(folder: Path, error: Exception) -> HeadraceError:
    """The error of running a file whose run() leaves by an error that nobody foresaw."""

    def on_run(definition: Definition) -> None:
        raise error

    path = folder / "local_runner.py"
    path.write_text(DEFINITION.format(runner=RUNNERS["local"], after="pass"))
    with pytest.raises(HeadraceError) as raised:
        execute(ProgramFile(path), Settings(home=folder / "home"), on_run)
    return raised.value


@pytest.mark.parametrize("error", [OSError(9, "Bad file descriptor"), RecursionError("too deep")])
def test_what_leaves_run_before_any_node_ran_is_not_said_to_come_after_a_run(tmp_path: Path, error: Exception) -> None:
    said = failing(tmp_path, error)
    assert (said.what, said.exit_code) == ("run() failed before any node ran", 2)
    assert said.where.startswith(f"{tmp_path / 'local_runner.py'}:") or said.where.startswith(__file__)
    assert str(error) in said.why
    assert ("the recursion limit is" in said.why) == isinstance(error, RecursionError)


def test_a_fault_of_headraces_before_any_node_ran_is_called_one(tmp_path: Path) -> None:
    path = tmp_path / "local_runner.py"
    path.write_text(DEFINITION.format(runner=RUNNERS["local"], after="pass"))
    with pytest.raises(HeadraceError) as raised:
        execute(ProgramFile(path), Settings(home=tmp_path), lambda definition: bind_parameters(None, "1", {}))
    assert raised.value.exit_code == 1
    assert "compilation.py" in raised.value.where
    assert raised.value.why.endswith("this is a fault in Headrace, not in your code")


def test_a_working_folder_that_the_file_removed_is_one_message(tmp_path: Path) -> None:
    here = os.getcwd()
    text = DEFINITION.format(runner=RUNNERS["local"], after="pass")
    folder = str(tmp_path / "gone")
    gone = f"import os\nos.mkdir({folder!r})\nos.chdir({folder!r})\nos.rmdir({folder!r})\n"
    try:
        error = refusal(tmp_path, gone + text)
    finally:
        os.chdir(here)
    assert error.what == "the working folder is gone"


def test_a_headrace_error_of_the_file_stays_as_it_is(tmp_path: Path) -> None:
    error = refusal(tmp_path, "from headrace.errors import ParameterError\nraise ParameterError('mine')\n")
    assert error.what == "mine"


def test_a_file_is_run_as_python_would_and_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "beside_the_runner.py").write_text("ANSWER = 42\n")
    before = sys.modules["__main__"], sys.argv, list(sys.path)
    error = refusal(
        tmp_path,
        "import sys, beside_the_runner\n"
        "raise ValueError(__name__, __file__, sys.argv, beside_the_runner.ANSWER, __name__ in sys.modules)\n",
    )
    path = str(tmp_path / "local_runner.py")
    assert error.why == f"ValueError: {('__main__', path, [path], 42, True)}"
    assert (sys.modules["__main__"], sys.argv, sys.path) == before
    sys.modules.pop("beside_the_runner")


PARSING = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--factor')\nparser.parse_args()\n"


@pytest.mark.parametrize(
    ("text", "arguments", "code", "said"),
    [
        (PARSING, ("--help",), 0, ""),
        (PARSING, ("--fctor", "3"), 2, "error: unrecognized arguments: --fctor 3\n"),
        ("import click\nclick.command()(lambda: None)([])\n", (), 0, "ended before it ran a pipeline\n"),
        ("raise SystemExit\n", (), 0, "local_runner.py ended before it ran a pipeline\n"),
    ],
)
def test_a_file_that_ends_by_itself_has_the_last_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    path = tmp_path / "local_runner.py"
    path.write_text(text)
    with pytest.raises(SystemExit) as ended:
        run_definition(ProgramFile(path, arguments), Settings(home=tmp_path / "home"), RunRequest())
    out, err = capfd.readouterr()
    assert (ended.value.code or 0) == code
    assert ("usage: " in out) == ("--help" in arguments)
    assert err.endswith(said)


def test_what_the_files_own_main_returns_is_no_word_of_a_parser(tmp_path: Path) -> None:
    error = refusal(tmp_path, "from absl import app\napp.run(lambda _: 3, argv=['pipeline'])\n")
    assert (error.what, error.why) == ("the pipeline's file ends early", "exit code 3")
