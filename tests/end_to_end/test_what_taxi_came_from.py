"""What lineage says of the taxi run, each fact against what really happened: the files, git, the model itself.

It runs the pipeline otherwise, as test_taxi_variants.py does, and comes after test_taxi_parts.py: its plan is compared
with the newest run.
"""

import csv
import getpass
import hashlib
import json
import platform
import socket
import subprocess
from collections import Counter
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score
from tfx.orchestration.local.local_dag_runner import LocalDagRunner

from headrace.lineage import Lineage
from headrace.lineage.evaluations import EvaluationFacts, overall
from headrace.lineage.trace import Trace
from pipelines.taxi.features import AMOUNTS, COORDINATES, FARE, LABEL, NUMBERS, TEXTS, TIPS, transformed_name
from pipelines.taxi.hyperparameters import Hyperparameters
from pipelines.taxi.pipeline import SMALLEST_AUC
from tests.conftest import ROOT, Command, RecordedRun, from_readme
from tests.end_to_end.test_same_records_as_stock import create_pipeline

FILES = {"train": ("trips-2013.csv", "trips-2014.csv"), "eval": ("trips-2015.csv", "trips-2016.csv")}
DATA = ROOT / "data" / "taxi"


def trips(*files: str) -> list[dict[str, str]]:
    """The rows of CSV files."""
    return [row for file in files for row in csv.DictReader((DATA / file).open(newline=""))]


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def pushed(taxi_run: RecordedRun) -> Path:
    """The folder of the model that the run pushed."""
    return Path(str(taxi_run.output("Pusher", "pushed_model").properties["pushed_destination"]))


@pytest.fixture(scope="module")
def lineage(taxi_run: RecordedRun) -> Lineage:
    return Lineage(taxi_run.store)


@pytest.fixture(scope="module")
def trace(lineage: Lineage, pushed: Path) -> Trace:
    """The trace of the pushed model, asked for by its path."""
    return lineage.trace(pushed)


@pytest.fixture(scope="module")
def evaluation(trace: Trace, taxi_run: RecordedRun) -> EvaluationFacts:
    """That of the run; later runs may have judged the model again."""
    [found] = [one for one in trace.evaluations if one.run == taxi_run.run.id]
    return found


def test_the_input_files_are_those_on_disk_with_their_rows(trace: Trace) -> None:
    [data] = trace.inputs
    assert (data.base, data.span, data.version) == (str(DATA), 0, None)
    assert {split.split for split in data.splits} == set(FILES)
    for split in data.splits:
        assert split.rows == len(trips(*FILES[split.split]))
        paths = [DATA / name for name in FILES[split.split]]
        assert [Path(file.path) for file in split.files or ()] == paths
        assert [file.bytes for file in split.files or ()] == [path.stat().st_size for path in paths]
        assert [file.state for file in split.files or ()] == ["unchanged", "unchanged"]
        total = sum(path.stat().st_size for path in paths)
        assert (split.file_count, split.bytes) == (2, total)
        assert f"split:{split.split},num_files:2,total_bytes:{total}" in str(data.fingerprint)


def test_the_schema_is_the_file_it_was_imported_from(trace: Trace) -> None:
    [schema] = trace.schemas
    file = ROOT / "pipelines" / "taxi" / "schema.pbtxt"
    assert schema.source == f"imported from {file} by ImportSchemaGen"
    assert (Path(schema.uri) / "schema.pbtxt").read_text() == file.read_text()
    assert schema.features == file.read_text().count("\nfeature {") + file.read_text().startswith("feature {")


def test_the_code_of_each_node_is_what_is_on_disk(trace: Trace) -> None:
    steps = {step.node: step for step in trace.steps}
    for node, module in (("Trainer", "model.py"), ("Trainer", "hyperparameters.py"), ("Transform", "preprocessing.py")):
        content = (ROOT / "pipelines" / "taxi" / module).read_bytes()
        code = steps[node].code or {}
        assert code[f"pipelines/taxi/{module}"] == hashlib.sha256(content).hexdigest()
        assert code["package tfx"] == metadata.version("tfx")
    assert all(step.code_digest for step in trace.steps)


def test_the_hyperparameters_are_those_the_trainer_had(trace: Trace) -> None:
    [trainer] = [step for step in trace.steps if step.node == "Trainer"]
    expected = json.loads(json.dumps(asdict(Hyperparameters())))
    assert {name: trainer.options[name] for name in expected} == expected


def test_the_run_is_told_by_who_where_from_which_commit(trace: Trace, taxi_run: RecordedRun) -> None:
    [run] = [one for one in trace.runs if one.id == taxi_run.run.id]
    assert (run.pipeline, run.state) == ("taxi", "succeeded")
    assert (run.user, run.host) == (getpass.getuser(), socket.gethostname())
    assert run.command == "headrace run taxi"
    assert run.git_commit == git("rev-parse", "HEAD")
    assert run.git_dirty == bool(git("status", "--porcelain"))
    versions = run.versions or {}
    assert versions["python"] == platform.python_version()
    for package in ("headrace", "tfx", "tensorflow"):
        assert versions[package] == metadata.version(package)
    parameters = run.parameters or {}
    assert parameters["data_root"] == str(DATA)
    assert json.loads(str(parameters["hyperparameters"])) == json.loads(json.dumps(asdict(Hyperparameters())))


def test_times_and_memory_are_those_of_the_processes(trace: Trace, taxi_run: RecordedRun) -> None:
    executions = taxi_run.executions
    steps = {step.node: step for step in trace.steps if step.run == taxi_run.run.id}
    for node in ("CsvExampleGen", "Transform", "Trainer", "Evaluator", "Pusher"):
        step, execution = steps[node], executions[node]
        assert step.execution == execution.id
        assert 0 < (step.seconds or 0) <= execution.seconds
        assert (step.cpu_seconds or 0) > 0
        assert (step.peak_memory_bytes or 0) > 100e6  # TensorFlow alone
    log = Path(str(executions["Trainer"].properties["headrace_log"])).read_text()
    assert f"Epoch {steps['Trainer'].options['epochs']}/5" in log


def test_examples_by_slice_are_the_rows_of_the_files(evaluation: EvaluationFacts) -> None:
    rows = trips(*FILES["eval"])
    metrics = evaluation.metrics or {}
    assert overall(metrics)["example_count"] == len(rows)
    counted = Counter(row["payment_type"] for row in rows)
    measured = {
        key[0][1]: found["example_count"] for key, found in metrics.items() if key and key[0][0] == "payment_type"
    }
    assert measured == dict(counted)


def test_metrics_are_those_of_the_pushed_model_on_the_examples(
    evaluation: EvaluationFacts, taxi_run: RecordedRun, pushed: Path
) -> None:
    folder = Path(taxi_run.output("CsvExampleGen", "examples").uri) / "Split-eval"
    examples = list(tf.data.TFRecordDataset([str(path) for path in folder.glob("*.gz")], "GZIP").as_numpy_iterator())
    signatures = tf.saved_model.load(str(pushed)).signatures
    labels = signatures["transform_features"](tf.constant(examples))[transformed_name(LABEL)].numpy()
    probabilities = signatures["serving_default"](tf.constant(examples))["probability"].numpy()[:, 0]
    told = overall(evaluation.metrics)
    assert told["auc"] == pytest.approx(roc_auc_score(labels, probabilities), abs=2e-3)
    assert told["binary_accuracy"] == pytest.approx(((probabilities > 0.5) == labels).mean(), abs=1e-4)
    assert told["mean_label"] == pytest.approx(labels.mean())


def test_the_blessing_is_told_with_its_threshold(evaluation: EvaluationFacts, taxi_run: RecordedRun) -> None:
    assert (Path(taxi_run.output("Evaluator", "blessing").uri) / "BLESSED").exists()
    assert evaluation.blessed is True
    assert evaluation.verdict == f"blessed: all thresholds held: AUC at least {SMALLEST_AUC}"
    assert evaluation.failures == ()
    assert evaluation.baseline is None


def test_the_push_is_told_with_the_folder_that_holds_the_same_model(trace: Trace, pushed: Path) -> None:
    [push] = [one for one in trace.pushes if one.artifact == trace.starts[0]]
    assert (push.destination, push.present) == (str(pushed), True)
    model = Path(trace.graph.artifacts[push.model or 0].uri) / "Format-Serving"
    assert (model / "saved_model.pb").read_bytes() == (pushed / "saved_model.pb").read_bytes()


def test_a_later_run_that_took_all_from_the_cache_is_no_part_of_it(
    command: Command, lineage: Lineage, trace: Trace, taxi_run: RecordedRun, pushed: Path
) -> None:
    assert command(from_readme("headrace run taxi")).returncode == 0
    again = lineage.trace(pushed)
    assert {step.run for step in again.steps if step.node == "Trainer"} == {taxi_run.run.id}
    assert again.inputs == trace.inputs


def test_features_are_what_the_preprocessing_makes(lineage: Lineage, pushed: Path, trace: Trace) -> None:
    features = {one.name: one for one in lineage.features(pushed).features}
    made = {**dict.fromkeys(AMOUNTS, "scale_to_z_score"), **dict.fromkeys(COORDINATES, "bucketize")}
    made |= dict.fromkeys(TEXTS, "compute_and_apply_vocabulary") | dict.fromkeys(NUMBERS, "")
    [graph] = trace.transform_graphs
    for column, analyzer in made.items():
        feature = features.pop(transformed_name(column))
        assert feature.columns == (column,)
        assert [one.name for one in feature.analyzers] == ([analyzer] if analyzer else [])
        assert feature.in_model is True
        if column in TEXTS:
            values = (Path(graph.uri) / "transform_fn" / "assets" / column).read_bytes().splitlines()
            assert (feature.analyzers[0].vocabulary, feature.analyzers[0].size) == (column, len(values))
    label = features.pop(transformed_name(LABEL))
    assert set(label.columns) == {TIPS, FARE}
    assert (label.analyzers, label.in_model) == ((), False)
    assert features == {}


def test_a_model_without_payment_type_differs_in_that_and_its_metrics(
    command: Command, lineage: Lineage, taxi_run: RecordedRun
) -> None:
    assert command(from_readme("headrace run taxi --set")).returncode == 0
    other = lineage.run()
    diff = command(from_readme("headrace lineage diff").replace("RUN", taxi_run.run.id))
    assert diff.returncode == 0, diff.stderr
    assert "parameter: exclude of Trainer: empty -> payment_type" in diff.stdout
    assert "verdict: pushed -> not pushed" in diff.stdout
    assert "\ncode:" not in diff.stdout
    assert "\ndata:" not in diff.stdout
    taken = {one.name: one.in_model for one in lineage.features(other.id).features}
    assert taken[transformed_name("payment_type")] is False
    assert taken[transformed_name("company")] is True
    feeling = {one.model: one.feels for one in lineage.column("payment_type").models}
    assert feeling[taxi_run.output("Trainer", "model").id] is True
    assert feeling[lineage.features(other.id).model or 0] is False
    rejected = lineage.trace(other.id)
    judged = rejected.evaluations[-1]
    assert judged.blessed is False
    assert len(judged.failures or ()) == 2


def test_the_readmes_commands_answer(command: Command, taxi_run: RecordedRun) -> None:
    for start, expected in {
        "headrace lineage trace": "train: 9,533 rows of",
        "headrace lineage impact data": "live: Model ",
        "headrace lineage impact --column": "payment_type_xf",
        "headrace lineage live": "is live in",
        "headrace lineage features": "compute_and_apply_vocabulary (vocabulary payment_type of 4 values)",
        "headrace lineage schema": "imported from",
    }.items():
        answer = command(from_readme(start))
        assert (answer.returncode, answer.stderr) == (0, "")
        assert expected in answer.stdout


def test_of_what_stock_tfx_ran_the_rest_is_unknown(tmp_path: Path) -> None:
    data, home = tmp_path / "data", tmp_path / "home"
    for folder in (data, home):
        folder.mkdir()
    rows = (DATA / FILES["train"][0]).read_text().splitlines(keepends=True)[:101]
    (data / "trips.csv").write_text("".join(rows))
    LocalDagRunner().run(create_pipeline(data, home))
    trace = Lineage.of_home(home).trace()
    [read] = trace.inputs
    assert sum(split.rows or 0 for split in read.splits) == 100  # as the statistics have them
    assert all(split.files is None for split in read.splits)
    [run] = trace.runs
    assert run.state == "succeeded"
    assert (run.user, run.host, run.git_commit, run.versions, run.parameters) == (None,) * 5
    assert all(step.code is None and step.peak_memory_bytes is None for step in trace.steps)
    assert "unknown on unknown" in trace._repr_html_()
