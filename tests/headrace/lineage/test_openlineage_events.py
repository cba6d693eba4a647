"""Runs of small stores as OpenLineage's events: how nodes end, what they read and made, what is not known."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.event_v2 import RunEvent

from headrace.lineage.openlineage_sending import line_of
from headrace.lineage.trace import IMPORTER
from headrace.metadata import Property, State
from headrace.metadata import properties as names
from headrace.metadata.changes import KeyParts
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.lineage.openlineage_reading import read_event
from tests.headrace.recording import record_execution

ENDED: dict[str, Property] = {names.VERSIONS: '{"headrace": "0.1.0", "tfx": "1.21.0"}', names.RUN_STATE: "succeeded"}


def exported(recorder: Recorder, run: str = "latest") -> list[RunEvent]:
    """The events as a reader of the lines has them."""
    return [read_event(line_of(event)) for event in recorder.lineage.openlineage(run)]


def told(events: Sequence[RunEvent]) -> list[tuple[str, str]]:
    """What happened: (job, kind)."""
    return [(event.job.name, event.eventType.value if event.eventType else "") for event in events]


def end_of(events: Sequence[RunEvent], job: str) -> RunEvent:
    """The last event of a job."""
    return [event for event in events if event.job.name == job][-1]


def facet(event: RunEvent, name: str) -> Any:
    """A facet of the event's run."""
    return (event.run.facets or {}).get(name)


def tags(facets: Any) -> dict[str, str]:
    """Tags of a run or of a dataset."""
    return {tag.key: tag.value for tag in facets["tags"].tags}


def places(datasets: Any) -> list[str]:
    """The names of datasets."""
    return [one.name for one in datasets]


def test_the_pipeline_is_around_its_nodes_and_each_starts_and_ends(recorder: Recorder) -> None:
    recorder.push("1", recorder.model("1", recorder.data("1")))
    recorder.store.annotate_run("1", ENDED)
    events = exported(recorder)
    nodes = [(f"small.{node}", kind) for node in ("Gen", "Train", "Push") for kind in ("START", "COMPLETE")]
    assert told(events) == [("small", "START"), *nodes, ("small", "COMPLETE")]
    assert {event.job.namespace for event in events} == {"headrace"}
    times = [datetime.fromisoformat(event.eventTime) for event in events]
    assert times == sorted(times)
    [whole] = {event.run.runId for event in events if event.job.name == "small"}
    for event in events[1:-1]:
        parent = facet(event, "parent")
        assert (parent.run.runId, parent.job.name, parent.root.run.runId) == (whole, "small", whole)
    assert set(Counter(event.run.runId for event in events).values()) == {2}
    assert facet(events[0], "processing_engine").version == "0.1.0"


def test_a_run_is_the_same_each_time_and_none_is_another(recorder: Recorder) -> None:
    for run in ("1", "2"):
        recorder.data(run)
    first = [line_of(event) for event in recorder.lineage.openlineage("1")]
    assert first == [line_of(event) for event in recorder.lineage.openlineage("1")]
    ids = [{event.run.runId for event in exported(recorder, run)} for run in ("1", "2")]
    assert len(ids[0]) == len(ids[1]) == 2
    assert not ids[0] & ids[1]


def test_a_failed_node_ends_with_its_error_and_so_does_the_pipeline(recorder: Recorder) -> None:
    examples = recorder.data("1")
    error: dict[str, Property] = {
        names.ERROR_KIND: "ValueError",
        names.ERROR_MESSAGE: "no rows",
        names.ERROR_WHERE: "model.py:7",
    }
    recorder.store.annotate(recorder.node("1", "Train", {"examples": examples}, state=State.FAILED), error)
    recorder.store.annotate_run("1", {**ENDED, names.RUN_STATE: "failed"})
    events = exported(recorder)
    assert told(events)[-2:] == [("small.Train", "FAIL"), ("small", "FAIL")]
    told_error = facet(end_of(events, "small.Train"), "errorMessage")
    assert (told_error.message, told_error.programmingLanguage) == (
        "ValueError: no rows\n  where: model.py:7",
        "PYTHON",
    )
    assert facet(events[-1], "errorMessage").message.startswith("Train: ValueError: no rows")
    assert end_of(events, "small.Train").outputs == []
    assert facet(end_of(events, "small.Gen"), "errorMessage") is None


def test_each_attempt_at_a_node_is_a_run_of_its_own(recorder: Recorder) -> None:
    recorder.node("1", "Gen", state=State.FAILED)
    recorder.data("1")
    events = exported(recorder)
    assert [kind for job, kind in told(events) if job == "small.Gen"] == ["START", "FAIL", "START", "COMPLETE"]
    assert len({event.run.runId for event in events if event.job.name == "small.Gen"}) == 2


def test_a_cached_node_names_the_run_that_made_its_outputs_and_claims_no_rows(recorder: Recorder) -> None:
    examples = recorder.data("1", rows=7)
    maker = end_of(exported(recorder), "small.Gen")
    recorder.node("2", "Gen", {}, {"examples": examples}, State.CACHED)
    cached = end_of(exported(recorder, "2"), "small.Gen")
    assert cached.eventType == maker.eventType
    assert (tags(cached.run.facets)["state"], tags(cached.run.facets)["made_by"]) == ("CACHED", maker.run.runId)
    assert "made_by" not in tags(maker.run.facets)
    [made], [taken] = maker.outputs or [], cached.outputs or []
    assert (taken.name, taken.facets) == (made.name, made.facets)
    assert (made.outputFacets or {})["outputStatistics"].rowCount == 7  # type: ignore[attr-defined]
    assert taken.outputFacets == {}
    assert places(cached.inputs) == ["/data/trips.csv"]


def test_a_skipped_node_has_no_events_and_is_named_by_the_pipeline(recorder: Recorder) -> None:
    recorder.data("1")
    skipped = recorder.node("1", "Push", state=State.CANCELED)
    recorder.store.annotate(skipped, {names.SKIPPED: "its condition does not hold"})
    recorder.store.annotate_run("1", ENDED)
    events = exported(recorder)
    assert {job for job, _ in told(events)} == {"small", "small.Gen"}
    assert tags(events[-1].run.facets)["skipped"] == "Push"


def test_what_somebody_stopped_is_aborted(recorder: Recorder) -> None:
    recorder.node("1", "Gen", state=State.CANCELED)
    recorder.store.annotate_run("1", {**ENDED, names.RUN_STATE: "canceled"})
    assert told(exported(recorder))[-2:] == [("small.Gen", "ABORT"), ("small", "ABORT")]


@pytest.mark.parametrize("state", [State.RUNNING, State.COMPLETE])
def test_what_goes_on_has_only_started(recorder: Recorder, state: State) -> None:
    recorder.node("1", "Gen", state=state)
    recorder.store.annotate_run("1", {names.VERSIONS: ENDED[names.VERSIONS]})
    assert ("small", "START") in told(exported(recorder))
    assert all(job != "small" or kind == "START" for job, kind in told(exported(recorder)))
    assert (("small.Gen", "COMPLETE") in told(exported(recorder))) == (state is State.COMPLETE)


def test_what_other_runners_did_not_record_is_left_out(recorder: Recorder) -> None:
    examples = recorder.artifact("1", "examples", "Examples", split_names='["train", "eval"]', tfx_version="1.21.0")
    fingerprint = "split:all,num_files:2,total_bytes:30,xor_checksum:1,sum_checksum:1"
    config = json.dumps({"splits": [{"name": "all", "pattern": "*.csv"}]})
    given: dict[str, Property] = {"input_base": "/data", "input_config": config, "input_fingerprint": fingerprint}
    recorder.store.annotate(recorder.node("1", "Gen", {}, {"examples": examples}), given)
    recorder.node("1", "Train", {"examples": examples}, state=State.FAILED)
    events = exported(recorder)
    gen = end_of(events, "small.Gen")
    [read] = gen.inputs or []
    statistics: Any = (read.inputFacets or {})["inputStatistics"]
    assert (read.name, statistics.fileCount, statistics.size) == ("/data", 2, 30)
    assert [path.rpartition("/")[2] for path in places(gen.outputs)] == ["Split-train", "Split-eval"]
    for made in gen.outputs or []:
        assert set(made.facets or {}) == {"version", "datasetType", "tags"}
        assert made.outputFacets == {}
    engine = facet(events[0], "processing_engine")
    assert (engine.name, engine.version) == ("TFX", "1.21.0")
    assert set(tags(events[0].run.facets)) == {"run"}
    assert facet(end_of(events, "small.Train"), "errorMessage") is None
    assert set(gen.job.facets or {}) == {"jobType", "documentation"}


def test_a_pushed_model_is_also_a_version_of_the_served_folder(recorder: Recorder) -> None:
    pushed = recorder.push("1", recorder.model("1", recorder.data("1")))
    [artifact, served] = end_of(exported(recorder), "small.Push").outputs or []
    assert (artifact.facets or {})["version"].datasetVersion == str(pushed)  # type: ignore[attr-defined]
    assert (served.name, tags(served.facets)["uri"]) == ("/serving", "/serving/1")
    assert (served.facets or {})["version"].datasetVersion == "1"  # type: ignore[attr-defined]
    model = recorder.model("2", recorder.data("2"))
    recorder.push("2", model, pushed=False)
    assert len(end_of(exported(recorder), "small.Push").outputs or []) == 1


def test_all_executions_of_a_node_write_to_one_dataset_in_versions(recorder: Recorder) -> None:
    places_of_runs = []
    for run, execution in (("1", 1), ("2", 2)):
        made = recorder.artifact(run, "model", "Model", f"/home/Train/model/{execution}")
        assert recorder.node(run, "Train", {}, {"model": made}) == execution
        [model] = end_of(exported(recorder), "small.Train").outputs or []
        places_of_runs.append((model.name, (model.facets or {})["version"].datasetVersion))  # type: ignore[attr-defined]
    assert places_of_runs == [("/home/Train/model", str(recorder.ids[f"{run} model"])) for run in ("1", "2")]


def test_what_an_importer_hands_on_it_has_read(recorder: Recorder) -> None:
    imported = recorder.artifact("1", "schema", "Schema", "/shared/schema")
    record_execution(recorder.store, "small", "1", "Import", outputs={"result": [imported]}, type_name=IMPORTER)
    end = end_of(exported(recorder), "small.Import")
    assert (places(end.inputs), places(end.outputs)) == (["/shared/schema"], [])


def test_a_schema_file_is_read_and_the_examples_beside_it_have_its_columns(recorder: Recorder) -> None:
    examples = recorder.data("1")
    schema = recorder.schema("1", "Cash", schema_file="/project/schema.pbtxt")
    recorder.node("1", "Validate", {"examples": examples, "schema": schema})
    events = exported(recorder)
    assert places(end_of(events, "small.Schema").inputs) == ["/project/schema.pbtxt"]
    [made] = end_of(events, "small.Gen").outputs or []
    fields: Any = (made.facets or {})["schema"]
    assert [(one.name, one.type, one.description) for one in fields.fields] == [("payment", "BYTES", "Cash")]
    assert "dataQualityMetrics" not in (made.facets or {})


def test_numbers_that_json_has_not_are_left_out_of_statistics(recorder: Recorder) -> None:
    from tensorflow_metadata.proto.v0 import statistics_pb2

    examples = recorder.data("1")
    folder = recorder.folder / "statistics"
    (folder / "Split-train").mkdir(parents=True)
    recorded = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = recorded.datasets.add(num_examples=10)
    feature = dataset.features.add(name="fare", type=statistics_pb2.FeatureNameStatistics.FLOAT)
    common = feature.num_stats.common_stats
    common.tot_num_values, common.max_num_values, common.num_non_missing = 8, 1, 8
    feature.num_stats.min, feature.num_stats.max, feature.num_stats.median = 1.5, math.inf, 2.5
    (folder / "Split-train" / "FeatureStats.pb").write_bytes(recorded.SerializeToString())
    rates = {"sample_rate_by_split": '{"train": 1.0}'}
    statistics = recorder.artifact("1", "statistics", "ExampleStatistics", str(folder), **rates)
    recorder.node("1", "Stats", {"examples": examples}, {"statistics": statistics})
    [read] = end_of(exported(recorder), "small.Stats").inputs or []
    found: Any = (read.inputFacets or {})["dataQualityMetrics"]
    fare = found.columnMetrics["fare"]
    assert (found.rowCount, fare.nullCount, fare.min, fare.max, fare.quantiles) == (10, 2, 1.5, None, {"0.5": 2.5})


@pytest.mark.parametrize(
    "told_by",
    [{"parameters": {"run_fn": "model.run_fn"}}, {"executor": "model.Executor --runner=FnApiRunner"}],
    ids=["function", "executor"],
)
def test_the_code_of_a_node_is_told_by_the_file_that_still_is_what_ran(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told_by: dict[str, Any]
) -> None:
    source = "def run_fn(fn_args):\n    ...\n"
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "model.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    code = {"features.py": "0", "model.py": hashlib.sha256(source.encode()).hexdigest()}
    key = KeyParts(code=code, **told_by)
    properties: dict[str, Property] = {names.KEY: key.to_json()}
    recorder.store.annotate(recorder.node("1", "Train"), properties)
    git: dict[str, Property] = {
        names.GIT_COMMIT: "c0ffee",
        names.GIT_DIRTY: True,
        names.GIT_REMOTE: "git@github.com:ada/trips.git",
        names.GIT_FOLDER: "taxi",
    }
    recorder.store.annotate_run("1", git)
    facets: Any = end_of(exported(recorder), "small.Train").job.facets
    assert (facets["sourceCode"].language, facets["sourceCode"].sourceCode) == ("python", source)
    location = facets["sourceCodeLocation"]
    assert location.url == "https://github.com/ada/trips/blob/c0ffee/taxi/model.py"
    assert (location.type, location.path, location.version) == ("git", "taxi/model.py", "c0ffee-dirty")
    assert location.repoUrl == "git@github.com:ada/trips.git"
    (tmp_path / "model.py").write_text(source + "# changed since\n")
    changed: Any = end_of(exported(recorder), "small.Train").job.facets
    assert "sourceCode" not in changed
    assert "sourceCodeLocation" in changed
