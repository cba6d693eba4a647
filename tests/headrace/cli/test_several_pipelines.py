from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., tuple[int, str, str]]

# Two pipelines; the second has a node more, which fails as long as there is a file named "bad".
TWO = """
from pathlib import Path
from tfx import v1 as tfx
Integer = tfx.types.standard_artifacts.Integer
component = tfx.dsl.components.component
Out, In = tfx.dsl.components.OutputArtifact, tfx.dsl.components.InputArtifact

@component
def Make(n: Out[Integer]):
    n.value = 1

@component
def Double(n: In[Integer], twice: Out[Integer]):
    if Path({bad!r}).exists():
        raise ValueError("it is bad")
    twice.value = 2 * n.value

for name in ("one", "two"):
    nodes = [make := Make()]
    if name == "two":
        nodes.append(Double(n=make.outputs["n"]))
    tfx.orchestration.LocalDagRunner().run(tfx.dsl.Pipeline(name, {root!r} + name, components=nodes))
"""


@pytest.fixture
def failed(project: Path, headrace: Command) -> Path:
    """The project, in which the second pipeline has just failed."""
    (project / "bad").touch()
    (project / "file.py").write_text(TWO.format(bad=str(project / "bad"), root=str(project / "root") + "/"))
    code, _, err = headrace("run", "file.py")
    assert code == 1
    assert "next: headrace run file.py --resume" in err
    return project


def test_what_succeeded_is_passed_over_and_the_pipeline_that_failed_is_resumed(failed: Path, headrace: Command) -> None:
    (failed / "bad").unlink()
    code, out, err = headrace("run", "file.py", "--resume")
    assert code == 0, err
    assert "note: one is left out: its last run succeeded" in err
    assert "≡ Make reused" in out
    assert "✓ Double succeeded" in out
    code, _, err = headrace("run", "file.py", "--resume")
    assert code == 2
    assert "error: the last run of each of the file's pipelines succeeded" in err
    assert len(headrace("runs", "list", "--pipeline", "one")[1].splitlines()) == 5  # a table of one run


def test_pipelines_after_the_one_that_is_resumed_run_whole(project: Path, headrace: Command) -> None:
    text = TWO.format(bad=str(project / "bad"), root=str(project / "root") + "/")
    (project / "file.py").write_text(text.replace('if name == "two"', 'if name == "one"'))
    (project / "bad").touch()
    assert headrace("run", "file.py")[0] == 1
    (project / "bad").unlink()
    code, out, err = headrace("run", "file.py", "--resume")
    assert code == 0, err
    assert "✓ Double succeeded" in out
    assert "two run " in out


@pytest.mark.parametrize("option", ["--only", "--from", "--to"])
def test_a_node_is_looked_for_in_all_pipelines_of_the_file(failed: Path, headrace: Command, option: str) -> None:
    (failed / "bad").unlink()
    code, out, err = headrace("run", "file.py", option, "Double")
    assert code == 0, err
    assert "note: one is left out: there is no node 'Double'" in err
    assert "✓ Double succeeded" in out


def test_a_node_that_no_pipeline_has_is_an_error_and_nothing_runs(failed: Path, headrace: Command) -> None:
    before = headrace("runs", "list")[1]
    code, _, err = headrace("run", "file.py", "--only", "Dubble")
    assert code == 2
    assert "error: there is no node 'Dubble'" in err
    assert "did you mean 'Double'?" in err
    assert headrace("runs", "list")[1] == before


def test_code_after_the_only_run_is_not_executed_where_there_is_nothing_to_resume(
    project: Path, headrace: Command
) -> None:
    text = TWO.format(bad="bad", root="root/").partition("for name")[0]
    lines = [
        "nodes = [make := Make()]",
        "def run(name):",
        "    tfx.orchestration.LocalDagRunner().run(tfx.dsl.Pipeline(name, 'root', components=nodes))",
        "run('one')",
        "Path('after').touch()",
    ]
    (project / "file.py").write_text(text + "\n".join(lines))
    assert headrace("run", "file.py")[0] == 0
    (project / "after").unlink()
    code, _, err = headrace("run", "file.py", "--resume")
    assert code == 2
    assert "error: the last run of one succeeded" in err
    assert not (project / "after").exists()
