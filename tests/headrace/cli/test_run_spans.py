"""`headrace run PIPELINE --span A..B`: span after span, skipping what is done, going on with what was interrupted."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headrace.metadata import MetadataStore, Run
from headrace.metadata.properties import PARAMETERS, RUN_STATE
from headrace.orchestration.run_lock import live_runs
from headrace.settings import Settings
from tests.conftest import without_notes
from tests.headrace.cli.conftest import Command
from tests.headrace.signals import as_in_the_foreground
from tests.headrace.waiting import until

# Total adds its span to the total of the run before it, whichever span that is of; then Gate, which a file named
# "hold SPAN" or "fail SPAN" stops or fails; then Last. Nothing comes from the cache.
COMPONENTS = """
import time
from pathlib import Path
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Integer

@component
def Total(span: Parameter[int], total: OutputArtifact[Integer], previous: InputArtifact[Integer] = None) -> None:
    total.value = span + (previous.value if previous else 0)

@component
def Gate(span: Parameter[int], place: Parameter[str]) -> None:
    (Path(place) / f"at {span}").touch()
    if (Path(place) / f"fail {span}").exists():
        raise ValueError("a bad month")
    while (Path(place) / f"hold {span}").exists():
        time.sleep(0.02)

@component
def Last(total: InputArtifact[Integer], done: OutputArtifact[Integer]) -> None:
    done.value = total.value
"""
PIPELINE = """
from pathlib import Path
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tfx.types import Channel
from tfx.types.standard_artifacts import Integer
from span_components import Gate, Last, Total

span = RuntimeParameter("span", int)
previous = Resolver(LatestArtifactStrategy, total=Channel(type=Integer, producer_component_id="Total"))
total = Total(span=span, previous=previous.with_id("Previous").outputs["total"])
gate = Gate(span=span, place=str(Path.cwd()))
gate.add_upstream_node(total)
last = Last(total=total.outputs["total"])
last.add_upstream_node(gate)
root = str(Path("root").absolute())
LocalDagRunner().run(Pipeline("months", root, components=[previous, total, gate, last], enable_cache=False))
"""
History = list[tuple[int, str]]


@pytest.fixture
def months(project: Path) -> Path:
    """The project's folder, with a pipeline that builds on what was before."""
    (project / "span_components.py").write_text(COMPONENTS)
    (project / "months.py").write_text(PIPELINE)
    return project


def runs(settings: Settings) -> list[Run]:
    """All runs, the oldest first."""
    return MetadataStore.of_project(settings).runs()[::-1]


def history(settings: Settings) -> History:
    """What each run that succeeded made of its span, the oldest first."""
    store, found = MetadataStore.of_project(settings), []
    for run in runs(settings):
        if run.properties.get(RUN_STATE) == "succeeded":
            executions = {execution.node: execution for execution in store.executions(run)}
            assert executions.keys() == {"Previous", "Total", "Gate", "Last"}
            [done] = store.outputs(executions["Last"].id)["done"]
            span = json.loads(str(run.properties[PARAMETERS]))["span"]
            found.append((span, Path(done.uri).read_text()))
    return found


def test_each_span_is_a_run_that_builds_on_the_one_before_and_what_is_done_is_not_run_again(
    months: Path, settings: Settings, headrace: Command
) -> None:
    code, out, err = headrace("run", "months.py", "--span", "3..5")
    assert (code, without_notes(err)) == (0, "")
    assert [line.split(" ─")[0] for line in out.splitlines() if "─────" in line and line.startswith("span")] == [
        "span 3 of 3..5",
        "span 4 of 3..5",
        "span 5 of 3..5",
    ]
    assert history(settings) == [(3, "3"), (4, "7"), (5, "12")]
    table = out[out.index("months by span") :].splitlines()
    assert [line.split()[0] for line in table[2:5]] == ["3", "4", "5"]
    assert [line.split()[:2] for line in table[8:11]] == [[str(n), run.id] for n, run in enumerate(runs(settings), 3)]
    page = settings.home / "pages" / "months-spans.html"
    assert f"chart: {page}\n" in out
    assert "<title>months by span</title>" in page.read_text()

    code, out, err = headrace("run", "months.py", "--span", "3..5")
    assert (code, err) == (0, "")
    assert "months by span" in out
    assert out.count("is done: run ") == 3
    assert "nothing was run" in out
    assert "to run what is done all the same: headrace run months.py --span 3..5 --no-cache" in out
    assert len(runs(settings)) == 3

    code, out, _ = headrace("run", "months.py", "--span", "4..6")
    assert code == 0
    assert history(settings)[3:] == [(6, "18")]

    code, out, _ = headrace("run", "months.py", "--span", "6", "--no-cache")
    assert code == 0
    assert history(settings)[4:] == [(6, "24")]


def test_a_failed_span_ends_the_series_and_the_same_command_goes_on_with_it(
    months: Path, settings: Settings, headrace: Command
) -> None:
    (months / "fail 4").touch()
    code, out, err = headrace("run", "months.py", "--span", "3..5")
    assert code == 1
    assert "error: span 4 of 3..5: the run of months failed: Gate\n" in err
    assert "next: headrace run months.py --span 3..5  # goes on with span 4\n" in err
    assert history(settings) == [(3, "3")]

    (months / "fail 4").unlink()
    code, out, _ = headrace("run", "months.py", "--span", "3..5")
    assert code == 0
    failed = runs(settings)[1]
    assert f"resumes run {failed.id}" in out
    assert "≡ Total reused" in out
    # Run from its beginning, span 4 would have found its own total, and added 4 to 7.
    assert history(settings) == [(3, "3"), (4, "7"), (5, "12")]


def test_code_that_was_edited_since_is_run_again_from_the_node_that_it_is_of(
    months: Path, settings: Settings, headrace: Command
) -> None:
    headrace("run", "months.py", "--span", "3..4")
    components = months / "span_components.py"
    components.write_text(COMPONENTS.replace("total.value = span", "total.value = 100 + span"))
    (months / "fail 3").touch()
    code, out, _ = headrace("run", "months.py", "--span", "3..4")
    assert code == 1
    first = runs(settings)[0].id
    assert f"is run again: since its run {first} changed: code span_components.py\n" in out
    assert out.count("to run the last alone, stop this and type: headrace run months.py --span 4\n") == 1
    assert "spans up to 4 were run before" in out

    # A failure in code is mended by an edit. All nodes here are of one file, so all that has code is run again;
    # what the resolver found is not looked for anew.
    (months / "fail 3").unlink()
    components.write_text(COMPONENTS.replace("total.value = span", "total.value = 1000 + span"))
    code, out, _ = headrace("run", "months.py", "--span", "3..4")
    assert code == 0
    assert "≡ Previous reused" in out
    assert "✓ Total succeeded" in out
    assert history(settings) == [(3, "3"), (4, "7"), (3, "1010"), (4, "2014")]


@pytest.mark.parametrize(
    ("node", "why"),
    [
        ('Number(value=RuntimeParameter("month", int, 1))', "it has no RuntimeParameter 'span'"),
        ('Text(value=RuntimeParameter("span", str, "1"))', "its parameter 'span' is not an integer"),
    ],
)
def test_a_pipeline_without_spans_is_refused_before_anything_runs(
    project: Path, settings: Settings, headrace: Command, node: str, why: str
) -> None:
    (project / "mine.py").write_text(f"""
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tests.small_components import Number, Text

LocalDagRunner().run(Pipeline("mine", "root", components=[{node}]))
""")
    code, out, err = headrace("run", "mine.py", "--span", "3..5")
    assert (code, out) == (2, "")
    assert f"error: mine cannot be run span after span\n  why: {why}\n" in err
    assert not settings.metadata_path.exists()


def test_a_series_that_goes_beyond_the_data_is_refused_before_anything_runs(
    project: Path, settings: Settings, headrace: Command
) -> None:
    for span in (1, 2):
        (project / f"{span}.csv").write_text("fare\n1\n")
    (project / "mine.py").write_text("""
from pathlib import Path
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tfx.proto.example_gen_pb2 import Input
from components.arrow_example_gen.component import ArrowExampleGen

files = Input(splits=[Input.Split(name="all", pattern="{SPAN}.csv")])
examples = ArrowExampleGen(str(Path.cwd()), files, span=RuntimeParameter("span", int))
LocalDagRunner().run(Pipeline("mine", "root", components=[examples]))
""")
    code, out, err = headrace("run", "mine.py", "--span", "1..4")
    assert (code, out) == (2, "")
    assert "error: ArrowExampleGen has no files of span 3\n" in err
    assert not settings.metadata_path.exists()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (
            ("--span", "3-5"),
            "cannot read the spans '3-5'\n  why: they are FIRST..LAST, or one number\n"
            "  next: headrace run months.py --span 3..12  # for instance",
        ),
        (
            ("--span", "5..3"),
            "cannot run the spans '5..3'\n  why: they end before they begin\n"
            "  next: headrace run months.py --span 3..5",
        ),
        (("--span", "3", "--set", "span=3"), "--span and --set span=... both say which span"),
        (("--span", "3", "--resume"), "--span runs whole spans, and resumes by itself"),
        (("--span", "3", "--only", "Last"), "--span runs whole spans, and resumes by itself"),
        (("--span", "3", "--from", "Last"), "--span runs whole spans, and resumes by itself"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    months: Path, settings: Settings, headrace: Command, options: tuple[str, ...], what: str
) -> None:
    code, out, err = headrace("run", "months.py", *options)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {what}")
    assert not settings.home.exists()


def test_as_json_the_events_of_the_runs_are_between_those_of_the_series(months: Path, headrace: Command) -> None:
    headrace("run", "months.py", "--span", "3")
    code, out, _ = headrace("run", "months.py", "--span", "3..4", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [one["event"] for one in events if not one["event"].startswith("node_")] == [
        "span_skipped",
        "span_started",
        "run_started",
        "run_ended",
        "series_ended",
    ]
    assert [one["span"] for one in events[:2]] == [3, 4]
    assert [one["span"] for one in events[-1]["by_span"]["spans"]] == [3, 4]


Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def start(months: Path) -> Iterator[Start]:
    """Starts the series 3..5 as a command of its own."""
    started: list[subprocess.Popen[str]] = []

    def run() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("headrace")), "run", "months.py", "--span", "3..5"],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=as_in_the_foreground,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_after_a_kill_or_ctrl_c_in_the_middle_the_same_command_makes_the_same_history(
    months: Path, settings: Settings, headrace: Command, start: Start, number: signal.Signals
) -> None:
    (months / "hold 4").touch()
    process = start()
    until((months / "at 4").exists, "span 4 never came that far")
    [live] = live_runs(settings)
    code, _, err = headrace("run", "months.py", "--span", "4..6")
    assert code == 2
    assert "span 4 of months is being run already" in err
    assert live.pid is not None
    os.kill(live.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == {signal.SIGKILL: 1, signal.SIGINT: 130}[number]
    assert ("headrace run months.py --span 3..5  # goes on with span 4" in err) == (number == signal.SIGINT)
    assert history(settings) == [(3, "3")]

    (months / "hold 4").unlink()
    code, out, _ = headrace("run", "months.py", "--span", "3..5")
    assert code == 0
    assert f"resumes run {live.run_id}" in out
    assert history(settings) == [(3, "3"), (4, "7"), (5, "12")]


def test_ctrl_c_while_no_node_runs_ends_the_series_at_once(months: Path, settings: Settings, start: Start) -> None:
    waits = 'import time\nopen("defining", "w").close()\nwhile True:\n    time.sleep(0.02)\n'
    (months / "months.py").write_text(waits)
    process = start()
    until((months / "defining").exists, "the file was never executed")
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert without_notes(err) == ("error: stopped while no node ran\n  next: headrace run months.py --span 3..5\n")
    assert not settings.metadata_path.exists()
