"""What came of each span, on records as TFX and Headrace make them."""

import json
from datetime import UTC, datetime

import pytest

from headrace.errors import UnknownNameError, UserError
from headrace.lineage.evaluations import EvaluationFacts
from headrace.lineage.shown import Section
from headrace.lineage.spans import Spans, metric_of
from headrace.metadata import Property
from headrace.metadata import properties as names
from headrace.metadata.records import RESOLVER
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.recording import record_artifact, record_execution
from tests.headrace.written_evaluations import Failed, write_evaluation


def month(
    recorder: Recorder,
    span: int,
    run: str = "",
    *,
    blessed: bool = True,
    pushed: bool | None = None,
    baseline: int | None = None,
    state: str = "succeeded",
) -> int:
    """Records a run of a span, with a model that was judged, and pushed if it was blessed; returns the model."""
    run = run or f"run-{span}"
    examples = recorder.data(run, rows=100 * span, properties={"span": span})
    artifact = recorder.store.handle.get_artifacts_by_id([examples])[0]
    artifact.custom_properties["span"].string_value = str(span)
    recorder.store.handle.put_artifacts([artifact])
    model = recorder.model(run, examples)
    recorder.judge(run, model, blessed, baseline)
    recorder.push(run, model, blessed if pushed is None else pushed)
    described(recorder, run, span, state)
    return model


def described(recorder: Recorder, run: str, span: Property, state: str = "succeeded") -> None:
    recorder.store.annotate_run(run, {names.PARAMETERS: json.dumps({"span": span}), names.RUN_STATE: state})


def column(spans: Spans, name: str) -> list[object]:
    return [row[name] for row in spans.rows()]


def test_spans_are_in_order_with_rows_verdict_and_the_model_that_was_live_after_each(recorder: Recorder) -> None:
    third = month(recorder, 3)
    month(recorder, 4, blessed=False, baseline=third)
    fifth = month(recorder, 5, baseline=third)
    spans = recorder.lineage.spans("small")
    assert column(spans, "span") == [3, 4, 5]
    assert column(spans, "run") == ["run-3", "run-4", "run-5"]
    assert column(spans, "rows") == [300, 400, 500]
    assert column(spans, "verdict") == ["blessed", "rejected", "blessed"]
    assert column(spans, "baseline") == [None, third, third]
    assert column(spans, "pushed") == [True, False, True]
    assert column(spans, "live") == [third, third, fifth]
    assert column(spans, "live_span") == [3, 3, 5]


def test_what_was_not_recorded_is_unknown(recorder: Recorder) -> None:
    month(recorder, 3, baseline=month(recorder, 2))
    spans = recorder.lineage.spans("small")
    assert spans.metric is None
    assert column(spans, "drifted") == [None, None]
    assert column(spans, "candidate_value") == [None, None]
    [table, runs] = spans.sections()
    assert table.rows[0] == ("2", "200", "unknown", "unknown", "none", "blessed", "span 2")
    assert table.rows[1][:5] == ("3", "300", "unknown", "unknown", "unknown")
    assert "unknown" in spans._repr_html_()
    assert runs.rows[0] == ("2", "run-2", "blessed: no threshold was set")


def test_the_newest_run_that_succeeded_stands_for_a_span_and_one_that_failed_where_none_did(
    recorder: Recorder,
) -> None:
    month(recorder, 3, "first")
    month(recorder, 3, "second", blessed=False)
    month(recorder, 3, "third", state="failed")
    month(recorder, 4, "fourth", state="failed")
    spans = recorder.lineage.spans("small")
    assert column(spans, "run") == ["second", "fourth"]
    assert column(spans, "runs") == [3, 1]
    assert column(spans, "state") == ["succeeded", "failed"]
    assert spans.sections()[1].rows[1][1] == "fourth (failed)"


def test_a_span_without_a_model_was_not_judged_unless_its_run_failed(recorder: Recorder) -> None:
    for span, state in ((3, "succeeded"), (4, "failed")):
        recorder.data(f"run-{span}")
        described(recorder, f"run-{span}", span, state)
    spans = recorder.lineage.spans("small")
    assert column(spans, "verdict") == ["not judged", None]
    assert column(spans, "why") == ["no model was evaluated", ""]
    assert column(spans, "live") == [None, None]


def test_a_blessed_model_that_another_check_kept_back_is_said_to_be(recorder: Recorder) -> None:
    model = month(recorder, 3, pushed=False)
    infra = recorder.artifact("run-3", "infra", "InfraBlessing", blessed=0)
    recorder.node("run-3", "Infra", {"model": model}, {"blessing": infra})
    [one] = recorder.lineage.spans("small").spans
    assert (one.verdict, one.pushed, one.live) == ("blessed", False, None)
    assert one.why.endswith("; not pushed: it failed its infrastructure check")


def drift(recorder: Recorder, span: int, drifted: int, verdict: str, file: str = "") -> None:
    run = f"run-{span}"
    report = recorder.artifact(run, "drift", "DriftReport", drifted=drifted, verdict=verdict)
    recorder.node(run, "Monitor", {"examples": recorder.ids[f"{run} examples"]}, {"drift": report})
    if file:
        folder = recorder.folder / run / "drift"
        folder.mkdir(parents=True)
        (folder / "drift.json").write_text(file)


def test_drift_is_what_a_report_says_as_far_as_it_is_still_there(recorder: Recorder) -> None:
    for span in (3, 4, 5, 6):
        month(recorder, span)
    drift(recorder, 3, 0, "no reference")
    drift(recorder, 4, 2, "drifted", '{"drifted": ["origin", "temp"]}')
    drift(recorder, 5, 1, "drifted")
    drift(recorder, 6, 0, "quiet", "not JSON")
    spans = recorder.lineage.spans("small")
    assert column(spans, "drifted") == [None, 2, 1, 0]
    assert column(spans, "drifted_features") == [None, ("origin", "temp"), None, None]
    assert spans.sections()[-1].rows == (("4", "origin, temp"),)


def test_the_metric_is_read_from_the_evaluation_of_both_models(recorder: Recorder) -> None:
    live = month(recorder, 3)
    candidate = recorder.model("run-4", recorder.data("run-4"))
    failed = Failed((), "auc", 0.75, {"value_threshold": {"lower_bound": {"value": 0.99}}})
    recorder.evaluate(
        "run-4",
        candidate,
        {(): {"auc": 0.75}},
        blessed=False,
        baseline=live,
        baseline_metrics={(): {"auc": 0.875}},
        failed=[failed],
    )
    described(recorder, "run-4", 4)
    spans = recorder.lineage.spans("small")
    assert spans.metric == "auc"
    [_, one] = spans.spans
    assert (one.candidate_value, one.live_value) == (0.75, 0.875)
    assert one.why == "not blessed: overall: auc 0.75, asked: at least 0.99"
    assert spans.sections()[0].rows[1][3:5] == ("0.7500", "0.8750")
    # Compared with itself: of what is read twice ML Metadata keeps one event.
    again = recorder.artifact("run-5", "evaluation", "ModelEvaluation", str(recorder.folder / "run-4" / "evaluation"))
    recorder.node("run-5", "Evaluate", {"model": candidate}, {"evaluation": again})
    assert [one.baseline for one in recorder.lineage.trace(candidate).evaluations] == [live, candidate]
    assert "Model None" not in str(recorder.lineage.card(candidate))


def test_a_pipeline_without_spans_or_without_records_is_refused(recorder: Recorder) -> None:
    recorder.data("1")
    with pytest.raises(UserError, match="no run of small is of a span"):
        recorder.lineage.spans("small")
    described(recorder, "1", "a text")
    with pytest.raises(UserError, match="no run of small is of a span"):
        recorder.lineage.spans("small")
    with pytest.raises(UnknownNameError, match="did you mean 'small'"):
        recorder.lineage.spans("smal")


@pytest.mark.parametrize(
    ("metrics", "thresholds", "expected"),
    [
        ({"auc": 0.7, "binary_accuracy": 0.8}, ("BinaryAccuracy at least 0.6",), "auc"),
        ({"example_count": 9, "binary_accuracy": 0.8, "loss": 1}, ("Loss at most 2",), "loss"),
        ({"example_count": 9, "mean_label": 0.2, "recall": 0.8}, (), "recall"),
        ({"example_count": 9}, (), None),
        ({}, (), None),
    ],
)
def test_the_metric_is_an_auc_or_what_has_a_threshold(
    metrics: dict[str, float], thresholds: tuple[str, ...], expected: str | None
) -> None:
    facts = EvaluationFacts(1, "run", datetime.now(UTC), 1, None, True, {(): metrics}, {}, (), thresholds)
    assert metric_of([facts]) == expected


def test_why_says_that_the_live_model_has_learned_from_the_span(recorder: Recorder) -> None:
    store = recorder.store
    new = record_artifact(store, "Examples", "/data/3", span=3)
    live, candidate = (record_artifact(store, "Model", f"/models/{number}") for number in range(2))
    blessing = record_artifact(store, "ModelBlessing", "/blessing", blessed=0)
    record_execution(store, "small", "run-4", "Train", inputs={"examples": [new]}, outputs={"model": [live]})
    record_execution(store, "small", "run-3", "Train", outputs={"model": [candidate]})
    inputs = {"examples": [new], "model": [candidate], "baseline_model": [live]}
    record_execution(store, "small", "run-3", "Evaluate", inputs=inputs, outputs={"blessing": [blessing]})
    described(recorder, "run-3", 3)
    [why] = column(recorder.lineage.spans("small"), "why")
    assert str(why).endswith(
        "; the model it was compared with has learned from these examples (span 3), and it has not"
    )


def evaluated(recorder: Recorder, span: int, model: int, candidate: float, live: float | None = None) -> None:
    """Adds to a run of a span an evaluation that can be read."""
    run = f"run-{span}"
    folder = recorder.folder / run / "evaluation"
    write_evaluation(folder, {(): {"auc": candidate}}, {} if live is None else {(): {"auc": live}})
    evaluation = recorder.artifact(run, "evaluation", "ModelEvaluation", str(folder))
    recorder.node(run, "Measure", {"model": model}, {"evaluation": evaluation})


def test_spans_are_a_table_with_their_runs_and_reasons(recorder: Recorder) -> None:
    for span, candidate, live in ((3, 0.75, None), (4, 0.5, 0.25)):
        run, data = f"run-{span}", recorder.data(f"run-{span}", rows=1000 * span, properties={"span": span})
        model = recorder.model(run, data)
        evaluated(recorder, span, model, candidate, live)
        described(recorder, run, span)
    spans = recorder.lineage.spans("small")
    table, runs = spans.sections()
    assert table == Section(
        "small by span, and which span's model was live after it",
        (),
        ("span", "rows", "drift", "auc", "live auc", "verdict", "live after"),
        (
            ("3", "unknown", "unknown", "0.7500", "none", "unknown", "nothing"),
            ("4", "unknown", "unknown", "0.5000", "0.2500", "unknown", "nothing"),
        ),
    )
    assert runs == Section(
        "Runs, and why the verdict",
        (),
        ("span", "run", "why"),
        (("3", "run-3", "no verdict was recorded"), ("4", "run-4", "no verdict was recorded")),
    )
    assert column(spans, "metric") == ["auc", "auc"]


def test_a_blessed_model_that_was_not_pushed_is_told_so_in_the_table(recorder: Recorder) -> None:
    month(recorder, 3, pushed=False)
    [row] = recorder.lineage.spans("small").sections()[0].rows
    assert row[5:] == ("blessed, not pushed", "nothing")
    [why] = column(recorder.lineage.spans("small"), "why")
    assert why == "blessed: no threshold was set; not pushed"


def test_a_model_that_is_live_from_no_span_is_told_by_its_id(recorder: Recorder) -> None:
    model = recorder.model("by-hand", recorder.data("by-hand"))
    recorder.push("by-hand", model)
    month(recorder, 3, blessed=False)
    [one] = recorder.lineage.spans("small").spans
    assert (one.live, one.live_span) == (model, None)
    assert recorder.lineage.spans("small").sections()[0].rows[0][-1] == f"Model {model}"


def test_what_another_pipeline_pushed_is_not_live_of_this_one(recorder: Recorder) -> None:
    own = month(recorder, 3)
    recorder.push("other", recorder.artifact("other", "model", "Model"), pipeline="other")
    month(recorder, 4, blessed=False)
    assert column(recorder.lineage.spans("small"), "live") == [own, own]


def test_what_a_resolver_handed_on_is_no_verdict_of_the_span(recorder: Recorder) -> None:
    month(recorder, 3)
    blessing = recorder.ids["run-3 blessing"]
    recorder.data("run-4")
    found = {"blessing": [blessing], "pushed": [recorder.ids["run-3 pushed"]]}
    record_execution(recorder.store, "small", "run-4", "live", outputs=found, type_name=RESOLVER)
    described(recorder, "run-4", 4)
    assert column(recorder.lineage.spans("small"), "verdict") == ["blessed", "not judged"]
    assert column(recorder.lineage.spans("small"), "pushed") == [True, None]


def test_an_evaluation_with_a_verdict_comes_before_a_later_one_without(recorder: Recorder) -> None:
    model = month(recorder, 3)
    recorder.evaluate("measured", model, {(): {"auc": 0.5}})
    evaluated(recorder, 3, model, 0.75)
    [one] = recorder.lineage.spans("small").spans
    assert (one.verdict, one.candidate_value) == ("blessed", None)


def test_a_span_that_is_a_text_is_none(recorder: Recorder) -> None:
    month(recorder, 3)
    recorder.data("odd")
    described(recorder, "odd", "4")
    assert column(recorder.lineage.spans("small"), "span") == [3]
