"""Nodes see the program as it was when it called run(): its arguments, classes and values; and it is executed once."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from headrace.metadata import MetadataStore, State
from headrace.warm_server.address import variables
from tests.conftest import ROOT, Command, assert_one_clear_message

CASES = ROOT / "tests" / "cases"

STOCK = """
import sys
from pathlib import Path
from tfx import v1 as tfx

HERE = Path(__file__).parent
Out, Integer = tfx.dsl.components.OutputArtifact, tfx.types.standard_artifacts.Integer

def run(name, *nodes, cache=True):
    store = tfx.orchestration.metadata.sqlite_metadata_connection_config(str(HERE / f"{name}.db"))
    tfx.orchestration.LocalDagRunner().run(
        tfx.dsl.Pipeline(name, str(HERE / name), store, list(nodes), enable_cache=cache)
    )
"""


def values(store: Path, node: str) -> list[str]:
    """What each execution of a node made, in order; of an artifact that is a folder, how many files are in it."""
    opened = MetadataStore.open(store)
    uris = [
        Path(artifact.uri)
        for run in reversed(opened.runs())
        for execution in opened.executions(run)
        if execution.node == node
        for artifacts in opened.outputs(execution.id).values()
        for artifact in artifacts
    ]
    return [uri.read_text() if uri.is_file() else str(len(list(uri.iterdir()))) for uri in uris]


@pytest.fixture
def run(command: Command, tmp_path: Path) -> Command:
    """Runs `headrace` with a case, which makes all that it makes in `tmp_path`."""

    def headrace(line: str) -> "subprocess.CompletedProcess[str]":
        return command(f"headrace {line}", HEADRACE_HOME=str(tmp_path / "home"), CASE_ROOT=str(tmp_path))

    return headrace


def test_a_file_is_given_arguments_of_its_own_and_they_count_in_the_cache(run: Command, tmp_path: Path) -> None:
    first = run(f"run {CASES / 'arguments.py'} -- --factor 7")
    assert first.returncode == 0, first.stderr
    assert run(f"run {CASES / 'arguments.py'}").returncode == 0
    planned = json.loads(run(f"plan --json {CASES / 'arguments.py'} -- --factor 8").stdout)
    assert planned["nodes"][0]["action"] == "run"
    assert values(tmp_path / "metadata.db", "Times") == ["70", "10"]


def test_a_cached_node_is_executed_again_for_other_arguments(run: Command, tmp_path: Path) -> None:
    cached = tmp_path / "arguments.py"
    cached.write_text((CASES / "arguments.py").read_text().replace("[Times()],", "[Times()], enable_cache=True,"))
    for arguments in ("-- --factor 7", "", "-- --factor 7"):
        ran = run(f"run {cached} {arguments}")
        assert ran.returncode == 0, ran.stderr
    assert values(tmp_path / "metadata.db", "Times") == ["70", "10", "70"]
    assert "cached" in ran.stdout
    plan = run(f"plan {cached} -- --factor 8")
    assert "code value ARGS" in plan.stdout


def test_a_file_that_mistypes_its_arguments_has_the_last_word(run: Command) -> None:
    ran = run(f"run {CASES / 'arguments.py'} -- --fcator 7")
    assert ran.returncode == 2
    assert ran.stderr.endswith("error: unrecognized arguments: --fcator 7\n")
    assert "Traceback" not in ran.stderr


def test_a_file_that_empties_its_root_is_executed_once_and_planning_removes_nothing(
    run: Command, tmp_path: Path
) -> None:
    case = CASES / "clean_start.py"
    for _ in range(2):
        ran = run(f"run {case}")
        assert ran.returncode == 0, ran.stderr
    made = sorted((tmp_path / "root").rglob("*"))
    plan = run(f"plan {case}")
    assert plan.returncode == 0, plan.stderr
    assert f"the file removes {tmp_path / 'root'} before each run" in plan.stdout
    assert "more code after this run" not in plan.stdout
    assert sorted((tmp_path / "root").rglob("*")) == made
    [count] = (tmp_path / "root" / "Count" / "n").rglob("value")
    assert count.read_text() == "1"


def test_an_artifact_type_has_its_methods_in_a_node(run: Command, tmp_path: Path) -> None:
    ran = run(f"run {CASES / 'artifact_methods.py'}")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert values(tmp_path / "metadata.db", "Make") == ["1"]


def test_two_pipelines_of_a_file_run_one_after_the_other_and_the_first_is_planned(run: Command, tmp_path: Path) -> None:
    plan = run(f"plan {CASES / 'two_pipelines.py'}")
    assert plan.returncode == 0, plan.stderr
    assert "a run of first" in plan.stdout
    assert "the file has more code after this run" in plan.stdout
    ran = run(f"run {CASES / 'two_pipelines.py'}")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert values(tmp_path / "second.db", "Read") == ["first, second"]


def test_python_runs_a_module_with_relative_imports_and_arguments(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "numbers.py").write_text("SEVEN = 7\n")
    runner = STOCK.replace("tfx.orchestration.LocalDagRunner()", "HeadraceDagRunner()")
    (package / "module.py").write_text(
        f"{runner}\nfrom headrace.orchestration import HeadraceDagRunner\nfrom .numbers import SEVEN\n"
        "@tfx.dsl.components.component\ndef Make(n: Out[Integer]):\n    n.value = SEVEN * int(sys.argv[1])\n"
        "if __name__ == '__main__':\n    run('relative', Make())\n"
    )
    environment = {**variables(), "HEADRACE_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "package.module", "6"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert values(package / "relative.db", "Make") == ["42"]


def test_what_a_file_prints_and_does_around_its_run_is_seen_in_order_and_apart_from_events(
    run: Command, tmp_path: Path
) -> None:
    (tmp_path / "prints.py").write_text(
        f"{STOCK}\n@tfx.dsl.components.component\n"
        "def Make(n: Out[Integer]):\n    print('in the node')\n    n.value = 1\n"
        "print('before')\nrun('prints', Make())\nprint('after')\n"
    )
    ran = run(f"run {tmp_path / 'prints.py'}")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.index("before") < ran.stdout.index("Make succeeded") < ran.stdout.index("after")
    assert "in the node" not in ran.stdout
    ran = run(f"run {tmp_path / 'prints.py'} --json")
    events: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [event["event"] for event in events] == ["run_started", "node_started", "node_ended", "run_ended"]
    assert "before\nafter\n" in ran.stderr


def test_a_failed_run_that_the_file_makes_light_of_is_an_error_all_the_same(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text(
        f"{STOCK}\n@tfx.dsl.components.component\ndef Make(n: Out[Integer]):\n    raise ValueError('no trips')\n"
        "try:\n    run('fails', Make())\nexcept Exception:\n    print('never mind')\n"
    )
    ran = run(f"run {tmp_path / 'fails.py'}")
    assert ran.returncode == 1
    assert "never mind" in ran.stdout
    assert "error: the run of fails failed: Make" in ran.stderr


def test_a_file_that_fails_after_its_run_says_so(run: Command, tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text(
        f"{STOCK}\n@tfx.dsl.components.component\ndef Make(n: Out[Integer]):\n    n.value = 1\n"
        "run('late', Make())\nraise KeyError('report')\n"
    )
    ran = run(f"run {tmp_path / 'late.py'}")
    assert ran.returncode == 1
    assert "error: the pipeline's file fails, after its run\n" in ran.stderr
    assert f"{tmp_path / 'late.py'}:" in ran.stderr


def test_beside_a_thread_of_the_program_its_definitions_are_handed_over(run: Command, tmp_path: Path) -> None:
    ran = run(f"run {CASES / 'beside_a_thread.py'} -- {tmp_path} 3")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.rstrip().endswith("ended")
    [words] = (tmp_path / "root" / "Make" / "words").rglob("words")
    assert words.read_text() == "aaaaaa"


def test_a_program_that_closed_its_standard_files_runs_all_the_same(run: Command, tmp_path: Path) -> None:
    (tmp_path / "closed.py").write_text(
        f"{STOCK}@tfx.dsl.components.component\ndef Make(n: Out[Integer]):\n    n.value = 1\n"
        "import os\nfor descriptor in (0, 1, 2):\n    os.close(descriptor)\nrun('closed', Make())\n"
        "for descriptor in (0, 1, 2):\n    assert os.open(os.devnull, os.O_RDWR) == descriptor\n"
    )
    ran = run(f"run {tmp_path / 'closed.py'}")
    assert ran.returncode == 0, ran.stderr
    assert values(tmp_path / "closed.db", "Make") == ["1"]


def test_what_cannot_be_handed_over_is_named_before_anything_runs(run: Command, tmp_path: Path) -> None:
    text = (CASES / "beside_a_thread.py").read_text()
    program = tmp_path / "program.py"
    program.write_text(text.replace("FACTOR = int(sys.argv[2])", "FACTOR = threading.Lock()"))
    ran = run(f"run {program} -- {tmp_path}")
    named = ("Make cannot be handed to the processes of nodes", "cannot pickle '_thread.lock' object")
    uses = ("where: Make uses FACTOR", "a thread runs in it", "next: make FACTOR inside the function")
    assert_one_clear_message(ran, 2, *named, *uses)
    assert not (tmp_path / "metadata.db").exists()


def test_runs_of_two_threads_are_both_complete_and_the_process_keeps_its_output(run: Command, tmp_path: Path) -> None:
    program = tmp_path / "threads.py"
    program.write_text(
        STOCK.replace("tfx.orchestration.LocalDagRunner()", "HeadraceDagRunner()") + "import threading\n"
        "from headrace.orchestration import HeadraceDagRunner\n"
        "@tfx.dsl.components.component\ndef Make(n: Out[Integer]):\n    n.value = 1\n"
        "ended = []\n"
        "def one(name):\n"
        "    run(name, Make())\n    ended.append(name)\n"
        "threads = [threading.Thread(target=one, args=(name,)) for name in ('left', 'right')]\n"
        "if __name__ == '__main__':\n"
        "    for thread in threads:\n        thread.start()\n"
        "    for thread in threads:\n        thread.join()\n"
        "    print(sorted(ended), flush=True)\n    import os; os.write(1, b'kept 1'); os.write(2, b'kept 2')\n"
    )
    ran = run(f"run {program}")
    assert ran.returncode == 0, ran.stderr
    assert "['left', 'right']" in ran.stdout
    assert [values(tmp_path / f"{name}.db", "Make") for name in ("left", "right")] == [["1"], ["1"]]
    assert ran.stdout.endswith("kept 1")
    assert ran.stderr.endswith("kept 2")


def test_limits_umask_cores_folder_and_environment_of_the_caller_apply_to_a_node(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "tells.py").write_text(
        f"{STOCK}import os, resource\n@tfx.dsl.components.component\n"
        "def Tell(told: Out[tfx.types.standard_artifacts.String]):\n"
        "    os.close(os.open(HERE / 'made', os.O_CREAT | os.O_WRONLY, 0o666))\n"
        "    told.value = str([resource.getrlimit(resource.RLIMIT_NOFILE)[0], (HERE / 'made').stat().st_mode & 0o777,\n"
        "        len(os.sched_getaffinity(0)), os.getcwd(), os.environ['MINE']])\nrun('tells', Tell())\n"
    )
    (tmp_path / "folder").mkdir()
    line = f"cd {tmp_path / 'folder'}; umask 026; ulimit -S -n 512; taskset -c 0 headrace run ../tells.py"
    ran = command(line, MINE="yes", HEADRACE_HOME=str(tmp_path / "home"))
    assert ran.returncode == 0, ran.stderr
    [told] = values(tmp_path / "tells.db", "Tell")
    assert told == str([512, 0o640, 1, str(tmp_path / "folder"), "yes"])


CELLS = [
    "import os\nfrom tfx import v1 as tfx\nfrom headrace.orchestration import HeadraceDagRunner\nFACTOR = 6",
    "@tfx.dsl.components.component\n"
    "def Make(n: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Integer]):\n"
    "    n.value = 7 * FACTOR\n",
    "def run():\n"
    "    pipeline = tfx.dsl.Pipeline('cells', os.path.abspath('root'), components=[Make()], enable_cache=True)\n"
    "    HeadraceDagRunner().run(pipeline)\nrun()",
    "run()",
    "FACTOR = 1\nrun()",
    "FACTOR = None\ntry:\n    run()\nexcept Exception as error:\n    print(error)",
]


def test_a_component_of_a_notebooks_cell_runs_and_its_values_count_in_the_cache(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env={**os.environ, "HEADRACE_HOME": str(tmp_path / "home")})
    assert values(tmp_path / "home" / "metadata.sqlite", "Make")[:3] == ["42", "42", "7"]
    assert "next: mend the cell and run it again" in str(notebook.cells[-1].outputs)
    store = MetadataStore.open(tmp_path / "home" / "metadata.sqlite")
    states = [execution.state for execution in store.executions()]
    assert states == [State.COMPLETE, State.CACHED, State.COMPLETE, State.FAILED]
