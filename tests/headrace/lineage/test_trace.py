"""What a trace says of records: what made it, from what, and what is not known."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headrace.contents.metrics import Metrics, Slice
from headrace.contents.times import local_time
from headrace.lineage.input_data import InputFile
from headrace.lineage.shown import Section
from headrace.lineage.trace import IMPORTER, Trace, schema_source
from headrace.metadata import Property, State
from headrace.metadata import properties as names
from headrace.metadata.changes import KeyParts
from headrace.metadata.records import RESOLVER
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.recording import record_execution
from tests.headrace.written_statistics import Texts, write_statistics


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
    examples = recorder.artifact("1", "examples", "Examples", split_names='["train"]')
    recorder.node("1", "Gen", {}, {"examples": examples})
    folder = write_statistics(recorder.folder / "statistics", {"train": {"payment": Texts({"Cash": 10})}})
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


HOURS: Mapping[Slice, Metrics] = {
    (("hour", hour),): {"auc": hour / 16 if hour else None, "example_count": 100.0 + hour} for hour in range(13)
}


def section(trace: Trace, title: str) -> Section:
    [found] = [one for one in trace.sections() if one.title == title]
    return found


def test_of_a_run_what_a_resolver_found_was_not_made_by_it(recorder: Recorder) -> None:
    old = recorder.model("1", recorder.data("1"))
    record_execution(recorder.store, "small", "2", "live", outputs={"model": [old]}, type_name=RESOLVER)
    new = recorder.data("2")
    trace = recorder.lineage.trace("latest")
    assert trace.starts == (new,)
    assert trace.title == "run 2 of small"
    assert [step.node for step in trace.steps] == ["Gen"]
    resolved = recorder.lineage.graph("2")
    assert old in resolved.artifacts
    assert recorder.ids["1 examples"] not in resolved.artifacts


def test_a_schema_is_told_with_its_source_and_how_many_features_it_has(recorder: Recorder) -> None:
    imported = recorder.schema("1", "Cash", schema_file="/project/schema.pbtxt")
    brought_in = recorder.schema("2", "Cash")
    examples = recorder.data("3")
    statistics = recorder.statistics("3", examples, {"train": {}})
    inferred = recorder.artifact("3", "inferred", "Schema", str(recorder.folder / "nowhere"))
    recorder.node("3", "Infer", {"statistics": statistics, "examples": examples}, {"schema": inferred})
    derived = recorder.artifact("3", "derived", "Schema", str(recorder.folder / "1" / "schema"))
    recorder.node("3", "Derive", {"schema": inferred}, {"schema": derived})
    model = recorder.artifact("3", "model", "Model")
    read = {"a": imported, "b": brought_in, "c": derived}
    recorder.node("3", "Train", read, {"model": model})
    assert section(recorder.lineage.trace(model), "Schema and transform graph").lines == (
        f"Schema {imported}: imported from /project/schema.pbtxt by Schema; 1 features; {recorder.folder}/1/schema",
        f"Schema {brought_in}: brought in by Schema; 1 features; {recorder.folder}/2/schema",
        f"Schema {inferred}: made by Infer from Examples {examples}, ExampleStatistics {statistics}; "
        f"unknown features; {recorder.folder}/nowhere",
    )


def test_a_schema_that_is_damaged_has_an_unknown_number_of_features(recorder: Recorder) -> None:
    schema = recorder.schema("1", "Cash")
    (recorder.folder / "1" / "schema" / "schema.pbtxt").write_text("feature {")
    [found] = recorder.lineage.trace(schema).schemas
    assert (found.artifact, found.features) == (schema, None)


def test_a_schema_that_nothing_is_recorded_to_have_made_is_from_nobody_knows_where(recorder: Recorder) -> None:
    schema = recorder.artifact("1", "schema", "Schema")
    trace = recorder.lineage.trace(schema)
    assert trace.schemas == ()
    assert schema_source(trace.graph.artifacts[schema], trace.graph) == "unknown"


def test_a_transform_graph_is_told_with_its_folder(recorder: Recorder) -> None:
    folder = recorder.vocabularies("1", payment=["Cash"])
    graph = recorder.ids["1 Transform"]
    trace = recorder.lineage.trace(graph)
    assert trace.title == f"TransformGraph {graph}, {folder}"
    assert section(trace, "Schema and transform graph").lines == (f"TransformGraph {graph}: {folder}",)


def test_files_are_told_with_their_size_and_state(recorder: Recorder, tmp_path: Path) -> None:
    file = tmp_path / "trips.csv"
    file.write_text("now")
    examples = recorder.data(
        "1", str(file), rows=1000, properties={"span": 2, "version": 3, "input_fingerprint": "a  b"}
    )
    [told] = [one for one in recorder.lineage.trace(examples).sections() if one.title == "Input data"]
    assert told == Section(
        "Input data",
        (f"Examples {examples}, read by Gen from {tmp_path}, span 2, version 3", "fingerprint a b"),
        ("split", "rows", "file", "size", "changed", "now"),
        (("train", "1,000", str(file), "1.0 kB", local_time(datetime.fromtimestamp(10**9, UTC)), "changed since"),),
    )


@pytest.mark.parametrize(("count", "more"), [(10, []), (11, ["and 1 more files"]), (13, ["and 3 more files"])])
def test_of_many_files_some_are_told_and_the_others_counted(recorder: Recorder, count: int, more: list[str]) -> None:
    read = [[f"/data/{one}.csv", 1, 1] for one in range(count)]
    recorded: dict[str, Property] = {names.INPUT_FILES: json.dumps({"train": read, "eval": read[:1]})}
    recorder.data("1", properties=recorded)
    artifact = recorder.artifact("2", "examples", "Examples", split_names='["train", "eval"]')
    recorded[names.ROWS] = '{"train": 7, "eval": 8}'
    recorder.node("2", "Gen", {}, {"examples": artifact}, facts=recorded)
    rows = section(recorder.lineage.trace(artifact), "Input data").rows
    told = [f"/data/{one}.csv" for one in range(10)]
    assert [row[2] for row in rows] == [*told, *more, "/data/0.csv"]
    assert [row[:2] for row in rows if row[1]] == [("train", "7"), ("eval", "8")]


def test_data_of_which_nothing_was_recorded_are_unknown(recorder: Recorder) -> None:
    examples = recorder.artifact("1", "examples", "Examples", split_names='["train"]')
    recorder.node("1", "Gen", {}, {"examples": examples})
    told = section(recorder.lineage.trace(examples), "Input data")
    assert told.lines == (f"Examples {examples}, read by Gen from unknown, span unknown",)
    names_unknown = "unknown, unknown files: their names were not recorded"
    assert told.rows == (("train", "unknown", names_unknown, "unknown", "", ""),)


def test_files_whose_names_were_not_recorded_are_told_by_pattern_and_size(recorder: Recorder) -> None:
    fingerprint = "split:train,num_files:2,total_bytes:3000,xor_checksum:1,sum_checksum:1"
    examples = recorder.data("1", "/data/*.csv", 7, {names.INPUT_FILES: "", "input_fingerprint": fingerprint})
    told = section(recorder.lineage.trace(examples), "Input data")
    assert told.rows == (("train", "7", "*.csv, 2 files: their names were not recorded", "3.0 kB", "", ""),)


def test_a_step_is_told_with_what_it_took_and_what_is_unknown(recorder: Recorder) -> None:
    code: dict[str, Property] = {names.CODE: "0123456789abcdef", names.WALL_SECONDS: 2.5, names.CPU_SECONDS: 4.25}
    examples = recorder.data("1", properties={**code, names.PEAK_MEMORY_BYTES: 5_000_000})
    model = recorder.model("1", examples)
    trace = recorder.lineage.trace(model)
    gen, train = trace.steps
    told = section(trace, "Steps")
    assert told.columns == ("node", "execution", "run", "started", "seconds", "CPU s", "memory", "code")
    assert told.rows == (
        ("Gen", str(gen.execution), "1", local_time(gen.started), "2.5", "4.2", "5.0 MB", "0123456789ab"),
        ("Train", str(train.execution), "1", local_time(train.started), f"{train.seconds:.1f}", *["unknown"] * 3),
    )
    assert trace.rows()[0] == {
        "execution": gen.execution,
        "node": "Gen",
        "run": "1",
        "state": "COMPLETE",
        "started": gen.started,
        "seconds": 2.5,
        "cpu_seconds": 4.25,
        "peak_memory_bytes": 5_000_000,
        "code": "0123456789abcdef",
    }


def test_parameters_are_told_one_by_one_and_long_ones_are_cut(recorder: Recorder) -> None:
    given = {"custom_config": '{"epochs": 3, "units": [64, 32]}', "exact": "x" * 160, "long": "y" * 161}
    model = recorder.model("1", recorder.data("1"), given)
    assert section(recorder.lineage.trace(model), "Parameters").rows == (
        ("Train", "epochs", "3"),
        ("Train", "units", "64, 32"),
        ("Train", "exact", "x" * 160),
        ("Train", "long", f"{'y' * 160}..."),
    )


def test_code_is_told_file_by_file_with_the_nodes_it_ran_in(recorder: Recorder) -> None:
    shared = {"model.py": "0123456789abcdef", "package tfx": "1.21.0.with.a.long.name"}
    examples = recorder.data("1", properties={names.KEY: KeyParts(code=shared).to_json()})
    tuned = recorder.artifact("1", "best", "HyperParameters")
    recorder.node("1", "Tune", {"examples": examples}, {"best": tuned})
    model = recorder.artifact("1", "model", "Model")
    code = {names.KEY: KeyParts(code={**shared, "a.py": "ff"}).to_json()}
    recorder.node("1", "Train", {"examples": examples, "best": tuned}, {"model": model}, facts=code)
    told = section(recorder.lineage.trace(model), "Code")
    assert told.lines == ("unknown for Tune: not recorded",)
    assert told.columns == ("file or package", "sha256 or version", "ran in")
    assert told.rows == (
        ("a.py", "ff", "Train"),
        ("model.py", "0123456789ab", "Gen, Train"),
        ("package tfx", "1.21.0.with.a.long.name", "Gen, Train"),
    )


@pytest.mark.parametrize("kind", [RESOLVER, IMPORTER])
def test_a_node_that_executes_nothing_has_no_unknown_code(recorder: Recorder, kind: str) -> None:
    model = recorder.artifact("1", "model", "Model")
    record_execution(recorder.store, "small", "1", "bring", outputs={"model": [model]}, type_name=kind)
    read = recorder.artifact("1", "made", "Thing")
    recorder.node(
        "1", "Use", {"model": model}, {"thing": read}, facts={names.KEY: KeyParts(code={"a.py": "1"}).to_json()}
    )
    assert section(recorder.lineage.trace(read), "Code").lines == ()


def test_an_evaluation_is_told_with_its_slices_the_largest_first(recorder: Recorder) -> None:
    live, model = recorder.model("1", recorder.data("1")), recorder.model("2", recorder.data("2"))
    whole = {"auc": 0.12345, "example_count": 50.0, "recall": None}
    recorder.evaluate("2", model, {**HOURS, (): whole}, baseline=live, baseline_metrics={(): {"auc": 0.25}})
    told = section(recorder.lineage.trace(model), "Evaluation")
    assert told.lines == (
        f"Model {model} in run 2, compared with Model {live}: blessed: no threshold was set",
        "the largest of 14 slices:",
    )
    assert told.columns == ("slice", "auc", "example_count")
    assert told.rows[:3] == (("overall", "0.1235", "50"), ("hour = 12", "0.75", "112"), ("hour = 11", "0.6875", "111"))
    assert len(told.rows) == 11
    assert told.rows[-1] == ("hour = 3", "0.1875", "103")


def test_where_all_slices_are_told_nothing_is_said_of_the_largest(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    ten = dict(list(HOURS.items())[:10])
    recorder.evaluate("1", model, {(): {"auc": 0.5}, **ten})
    told = section(recorder.lineage.trace(model), "Evaluation")
    assert told.lines == (f"Model {model} in run 1: blessed: no threshold was set",)
    assert [row[1] for row in told.rows] == ["0.5", *(f"{hour / 16:.4g}" for hour in range(9, 0, -1)), ""]


def test_an_evaluation_whose_metrics_are_gone_says_why(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    recorder.judge("1", model, blessed=True)
    assert section(recorder.lineage.trace(model), "Evaluation") == Section(
        "Evaluation",
        (f"Model {model} in run 1: blessed: no threshold was set", "metrics unknown: no evaluation was recorded"),
    )


def test_each_push_is_told_with_what_became_of_it(recorder: Recorder, tmp_path: Path) -> None:
    model = recorder.model("1", recorder.data("1"))
    (tmp_path / "there" / "1").mkdir(parents=True)
    recorder.push("1", model, place=str(tmp_path / "there"))
    recorder.push("2", model, place="/gone")
    recorder.push("3", model, pushed=False)
    trace = recorder.lineage.trace(model)
    times = [local_time(push.time) for push in trace.pushes]
    assert section(trace, "Pushes").lines == (
        f"{times[0]}: Model {model} was pushed to {tmp_path}/there/1",
        f"{times[1]}: Model {model} was pushed to /gone/2, which is gone",
        f"{times[2]}: Model {model} was not pushed (run 3)",
    )


def test_runs_are_told_the_oldest_first_and_others_are_left_out(recorder: Recorder) -> None:
    examples = recorder.data("1")
    recorder.data("2")
    model = recorder.model("3", examples)
    trace = recorder.lineage.trace(model)
    assert [run.id for run in trace.runs] == ["1", "3"]
    assert [one.title for one in trace.sections()][-2:] == ["Run 1 of small", "Run 3 of small"]


def test_parts_of_which_nothing_is_recorded_are_left_out(recorder: Recorder) -> None:
    model = recorder.model("1", recorder.data("1"))
    titles = [one.title for one in recorder.lineage.trace(model).sections()]
    assert titles == [f"Model {model}, {recorder.folder}/1/model", "Input data", "Steps", "Code", "Run 1 of small"]


def test_the_statistics_of_its_examples_are_part_of_a_trace(recorder: Recorder) -> None:
    examples = recorder.data("1")
    statistics = recorder.statistics("1", examples, {"train": {}})
    anomalies = recorder.artifact("1", "anomalies", "ExampleAnomalies")
    recorder.node("1", "Validate", {"statistics": statistics}, {"anomalies": anomalies})
    trace = recorder.lineage.trace(recorder.model("1", examples))
    assert statistics in trace.graph.artifacts
    assert anomalies not in trace.graph.artifacts


def test_as_json_it_has_its_records(recorder: Recorder) -> None:
    examples = recorder.data("1")
    told: Any = recorder.lineage.trace(examples).to_json()["graph"]
    assert [one["id"] for one in told["artifacts"]] == [examples]
    assert [one["node"] for one in told["executions"]] == ["Gen"]
    [event] = told["events"]
    assert (event["artifact"], event["key"], event["index"], event["is_output"]) == (examples, "examples", 0, True)
