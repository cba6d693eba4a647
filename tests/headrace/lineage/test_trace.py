"""What a trace says of records: what made it, from what, and what is not known."""

import json
from pathlib import Path

import pytest

from headrace.lineage.input_data import InputFile
from headrace.metadata import Property, State
from headrace.metadata import properties as names
from tests.headrace.lineage.conftest import Recorder


def test_a_model_comes_from_what_its_trainer_read(recorder: Recorder) -> None:
    examples = recorder.data("1", rows=7)
    model = recorder.model("1", examples)
    trace = recorder.lineage.trace(model)
    assert [step.node for step in trace.steps] == ["Gen", "Train"]
    assert set(trace.graph.artifacts) == {examples, model}
    [data] = trace.inputs
    [split] = data.splits
    assert (data.artifact, data.span, split.split, split.rows) == (examples, 0, "train", 7)
    assert [(file.path, file.bytes) for file in split.files or ()] == [("/data/trips.csv", 1000)]
    assert [run.id for run in trace.runs] == ["1"]


def test_what_the_cache_answered_for_was_made_by_the_first(recorder: Recorder) -> None:
    examples = recorder.data("1")
    recorder.node("2", "Gen", {}, {"examples": examples}, State.CACHED)
    trace = recorder.lineage.trace(recorder.model("2", examples))
    assert [(step.node, step.run) for step in trace.steps] == [("Gen", "1"), ("Train", "2")]
    assert [run.id for run in trace.runs] == ["1", "2"]


def test_a_model_that_was_only_compared_with_is_no_source(recorder: Recorder) -> None:
    old = recorder.model("1", recorder.data("1"))
    new = recorder.model("2", recorder.data("2"))
    trace = recorder.lineage.trace(recorder.judge("2", new, blessed=True, baseline=old))
    assert {step.run for step in trace.steps} == {"2"}
    assert old in trace.graph.artifacts  # as what it was compared with
    [evaluation] = trace.evaluations
    assert (evaluation.model, evaluation.baseline, evaluation.blessed) == (new, old, True)


def test_a_models_trace_has_its_evaluations_and_pushes_but_no_others(recorder: Recorder) -> None:
    examples = recorder.data("1")
    model = recorder.model("1", examples)
    recorder.judge("1", model, blessed=True)
    recorder.push("1", model)
    other = recorder.model("2", examples)
    recorder.judge("2", other, blessed=False, baseline=model)
    recorder.push("2", other, pushed=False)
    trace = recorder.lineage.trace(model)
    assert [(one.model, one.blessed) for one in trace.evaluations] == [(model, True)]
    assert [(one.model, one.pushed, one.destination) for one in trace.pushes] == [(model, True, "/serving/1")]


def test_the_graph_of_a_run_has_what_made_nothing_and_what_came_from_the_cache(recorder: Recorder) -> None:
    examples = recorder.data("1")
    cached = recorder.node("2", "Gen", {}, {"examples": examples}, State.CACHED)
    failed = recorder.node("2", "Train", {"examples": examples}, {}, State.FAILED)
    at_once = recorder.node("2", "Schema", {}, {}, State.FAILED)
    recorder.data("3")
    graph = recorder.lineage.graph("2")
    maker = graph.producer(examples)
    assert maker is not None
    assert (maker.node, maker.run) == ("Gen", "1")
    assert set(graph.executions) == {maker.id, cached, failed, at_once}
    assert set(graph.artifacts) == {examples}


def test_a_run_is_traced_with_all_that_it_made(recorder: Recorder) -> None:
    recorder.schema("1", "Cash", schema_file="/project/schema.pbtxt")
    model = recorder.model("1", recorder.data("1"))
    recorder.push("1", model)
    trace = recorder.lineage.trace("latest")
    assert {step.node for step in trace.steps} == {"Schema", "Gen", "Train", "Push"}
    [schema] = trace.schemas
    assert (schema.source, schema.features) == ("imported from /project/schema.pbtxt by Schema", 1)


def test_what_was_not_recorded_is_unknown(recorder: Recorder) -> None:
    examples = recorder.artifact("1", "examples", "Examples", split_names='["train"]')
    config = json.dumps({"splits": [{"name": "train", "pattern": "*.csv"}]})
    fingerprint = "split:train,num_files:2,total_bytes:30,xor_checksum:1,sum_checksum:1"
    recorder.node("1", "Gen", {}, {"examples": examples}, input_config=config, input_fingerprint=fingerprint)
    trace = recorder.lineage.trace(recorder.model("1", examples))
    [data] = trace.inputs
    [split] = data.splits
    assert (split.rows, split.files) == (None, None)
    assert (split.pattern, split.file_count, split.bytes) == ("*.csv", 2, 30)
    [run] = trace.runs
    told = (run.user, run.host, run.git_commit, run.git_dirty, run.versions, run.parameters, run.command)
    assert told == (None,) * 7
    assert all(step.code is None and step.cpu_seconds is None for step in trace.steps)
    shown = "\n".join(line for section in trace.sections() for line in (*section.lines, *map(str, section.rows)))
    assert "*.csv, 2 files: their names were not recorded" in shown
    assert "unknown for Gen, Train: not recorded" in shown
    assert "'unknown on unknown'" in shown
    assert "commit unknown" in shown


@pytest.mark.parametrize(("rates", "rows"), [('{"train": 1.0}', 10), ('{"train": 0.5}', None), (None, None)])
def test_rows_of_stock_runs_are_those_of_statistics_unless_they_are_of_a_sample(
    recorder: Recorder, rates: str | None, rows: int | None
) -> None:
    from tensorflow_metadata.proto.v0 import statistics_pb2

    examples = recorder.artifact("1", "examples", "Examples", split_names='["train"]')
    recorder.node("1", "Gen", {}, {"examples": examples})
    folder = recorder.folder / "statistics"
    (folder / "Split-train").mkdir(parents=True)
    recorded = statistics_pb2.DatasetFeatureStatisticsList()
    recorded.datasets.add().num_examples = 10
    (folder / "Split-train" / "FeatureStats.pb").write_bytes(recorded.SerializeToString())
    rate = {"sample_rate_by_split": rates} if rates else {}
    statistics = recorder.artifact("1", "statistics", "ExampleStatistics", str(folder), **rate)
    recorder.node("1", "Stats", {"examples": examples}, {"statistics": statistics})
    [data] = recorder.lineage.trace(examples).inputs
    assert [split.rows for split in data.splits] == [rows]


def test_the_facts_of_a_run_are_those_on_its_context(recorder: Recorder) -> None:
    recorder.data("1")
    facts: dict[str, Property] = {
        names.USER: "ada",
        names.HOST: "engine",
        names.GIT_COMMIT: "0123456789abcdef",
        names.GIT_DIRTY: True,
        names.VERSIONS: '{"python": "3.11"}',
        names.PARAMETERS: '{"epochs": 3}',
        names.COMMAND: "headrace run small",
    }
    recorder.store.annotate_run("1", facts)
    run = recorder.lineage.run("1")
    assert (run.user, run.host, run.git_dirty, run.command) == ("ada", "engine", True, "headrace run small")
    assert (run.versions, run.parameters) == ({"python": "3.11"}, {"epochs": 3})
    assert run.code_state == "commit 0123456789ab, with changes that are not committed"


def test_a_file_that_changed_since_is_told_from_one_that_did_not(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    path = tmp_path / "trips.csv"
    path.write_text("a\n1\n")
    status = path.stat()
    file = InputFile(str(path), status.st_size, datetime.fromtimestamp(status.st_mtime_ns / 1e9, UTC))
    assert file.state == "unchanged"
    path.write_text("a\n1\n2\n")
    assert file.state == "changed since"
    path.unlink()
    assert file.state == "gone"


def test_a_trace_shows_itself_in_a_notebook_and_as_a_frame(recorder: Recorder) -> None:
    trace = recorder.lineage.trace(recorder.model("1", recorder.data("1", file="/data/<b>.csv")))
    page = trace._repr_html_()
    assert "/data/&lt;b&gt;.csv" in page
    assert "<b>" not in page
    assert list(trace.to_frame()["node"]) == ["Gen", "Train"]
    assert json.loads(json.dumps(trace.to_json()))["graph"]["events"][0]["key"] == "examples"


def test_splits_that_only_the_recorded_files_name_are_told(recorder: Recorder) -> None:
    examples = recorder.artifact("1", "examples", "Examples")
    files = json.dumps({"train": [["/data/a.csv", 1, 1]]})
    recorder.store.annotate(recorder.node("1", "Gen", {}, {"examples": examples}), {names.INPUT_FILES: files})
    [data] = recorder.lineage.trace(examples).inputs
    assert [(split.split, len(split.files or ())) for split in data.splits] == [("train", 1)]


def test_a_run_that_failed_before_it_made_anything_is_told_all_the_same(recorder: Recorder) -> None:
    recorder.node("1", "Gen", state=State.FAILED)
    trace = recorder.lineage.trace("latest")
    assert (trace.starts, trace.steps) == ((), ())
    assert [(run.id, run.state) for run in trace.runs] == [("1", "failed")]
    assert "took" in trace._repr_html_()


def test_whether_a_model_could_be_served_is_part_of_its_trace(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.check_serving("1", model, "it hangs")
    trace = recorder.lineage.trace(model)
    assert [(one.model, one.blessed) for one in trace.serving_checks] == [(model, False)]
    [section] = [one for one in trace.sections() if one.title == "As served"]
    assert section.lines == (f"Model {model} in run 1: not blessed as served: it hangs",)
