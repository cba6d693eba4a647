"""What differs between two runs."""

import json
from collections.abc import Mapping

import pytest

from headrace.contents.metrics import Metrics, Slice
from headrace.lineage.diff import Diff
from headrace.lineage.shown import Section
from headrace.metadata import Property, State
from headrace.metadata import properties as names
from headrace.metadata.changes import KeyParts
from headrace.metadata.records import RESOLVER
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.recording import record_execution
from tests.headrace.written_evaluations import Failed
from tests.headrace.written_statistics import Feature, Numbers, Texts

CARD: Slice = (("payment", "Card"),)
CASH: Slice = (("payment", "Cash"),)
COIN: Slice = (("payment", "Coin"),)


def said(diff: Diff) -> list[str]:
    return list(map(str, diff.differences))


def test_the_same_on_the_same_data_differs_in_nothing(recorder: Recorder) -> None:
    examples = recorder.data("1")
    model = recorder.model("1", examples, {"custom_config": '{"epochs": 3}'})
    recorder.node("2", "Gen", {}, {"examples": examples}, State.CACHED)
    recorder.node("2", "Train", {"examples": examples}, {"model": model}, State.CACHED, custom_config='{"epochs": 3}')
    assert said(recorder.lineage.diff("1", "2")) == []
    for run, command in (("1", "headrace run taxi"), ("2", "headrace run taxi -- --factor 7")):
        recorder.store.annotate_run(run, {names.COMMAND: command})
    assert said(recorder.lineage.diff("1", "2")) == ["command: headrace run taxi -> headrace run taxi -- --factor 7"]


def test_hyperparameters_are_compared_one_by_one_and_what_one_run_was_not_given_is_told_at_once(
    recorder: Recorder,
) -> None:
    examples = recorder.data("1")
    recorder.model("1", examples, {"custom_config": '{"epochs": 3, "seed": 1, "rate": 0.1, "units": [64, 32]}'})
    recorder.node("2", "Gen", {}, {"examples": examples}, State.CACHED)
    recorder.model("2", examples, {"custom_config": '{"epochs": 5, "seed": 1}'})
    assert said(recorder.lineage.diff("1", "2"))[:2] == [
        "parameter: epochs of Train: 3 -> 5",
        "parameter: Train: no longer given: rate (0.1), units (64, 32)",
    ]
    assert said(recorder.lineage.diff("2", "1"))[1] == "parameter: Train: newly given: rate (0.1), units (64, 32)"


def test_code_is_compared_file_by_file(recorder: Recorder) -> None:
    examples = recorder.data("1")
    for run, code in (
        ("1", {"model.py": "a", "old.py": "a", "package tfx": "1"}),
        ("2", {"model.py": "b", "package tfx": "2"}),
    ):
        recorder.model(run, examples, {names.KEY: KeyParts(code=code).to_json()})
    assert [one for one in said(recorder.lineage.diff("1", "2")) if one.startswith("code")] == [
        "code: model.py: changed",
        "code: old.py: no longer used",
        "code: package tfx: 1 -> 2",
    ]


def test_code_that_one_run_did_not_record_is_unknown(recorder: Recorder) -> None:
    examples = recorder.data("1")
    recorder.model("1", examples)
    recorder.model("2", examples, {names.KEY: KeyParts(code={"model.py": "b"}).to_json()})
    assert "code: Train: unknown in one of the runs: not recorded" in said(recorder.lineage.diff("1", "2"))


def test_data_is_compared_by_rows_and_files(recorder: Recorder) -> None:
    recorder.data("1", "/data/a.csv", rows=10)
    recorder.data("2", "/data/b.csv", rows=12)
    assert said(recorder.lineage.diff("1", "2")) == [
        "data: split train: rows 10 -> 12",
        "data: /data/a.csv in split train: no longer read",
        "data: /data/b.csv in split train: newly read",
    ]


def test_statistics_are_compared_by_split_and_node_and_transforms_are_not(recorder: Recorder) -> None:
    def counts(cash: int) -> dict[str, Feature]:
        return {"payment": Texts({"Cash": cash, "Card": 100 - cash})}

    for run, shares in (("1", (50, 50, 50)), ("2", (60, 80, 90))):
        examples = recorder.data(run)
        recorder.statistics(run, examples, {"train": counts(shares[0])}, "New")
        recorder.statistics(run, examples, {"train": counts(shares[1]), "eval": counts(shares[1])}, "Old")
        recorder.statistics(run, examples, {"": counts(shares[2])}, "Transform")
    assert list(recorder.lineage.diff("1", "2").features) == ["eval", "train of New", "train of Old"]
    assert said(recorder.lineage.diff("1", "2")) == [
        f"data: payment in split {split}: distance {distance}, unique 2 -> 2; most for 'Cash'"
        for split, distance in (("eval", "0.300"), ("train of New", "0.100"), ("train of Old", "0.300"))
    ]


def section(diff: Diff, title: str) -> Section:
    [found] = [one for one in diff.sections() if one.title == title]
    return found


def judged(recorder: Recorder, before: Mapping[Slice, Metrics] | None, after: Mapping[Slice, Metrics] | None) -> Diff:
    examples = recorder.data("0")
    for run, metrics in (("1", before), ("2", after)):
        model = recorder.model(run, examples)
        if metrics is not None:
            recorder.evaluate(run, model, metrics)
    return recorder.lineage.diff("1", "2")


BEFORE: Mapping[Slice, Metrics] = {
    (): {"auc": 0.9, "loss": 0.25, "same": 0.5, "example_count": 900.0, "old": 1.0, "unclear": None},
    CARD: {"auc": 0.5, "example_count": 10.0},
    CASH: {"auc": 0.75, "example_count": 500.0},
    COIN: {"auc": 0.5},
}
AFTER: Mapping[Slice, Metrics] = {
    (): {"auc": 0.8, "loss": 0.5, "same": 0.5, "example_count": 1000.0, "new": 1.0, "unclear": 0.125},
    CARD: {"auc": 0.25, "example_count": 20.0},
    CASH: {"auc": 0.8125, "example_count": 600.0},
}


def test_metrics_over_all_examples_are_told_the_largest_change_first(recorder: Recorder) -> None:
    told = [one for one in said(judged(recorder, BEFORE, AFTER)) if one.startswith("metric")]
    assert told == [
        "metric: example_count overall: 900 -> 1000 (+100)",
        "metric: loss overall: 0.25 -> 0.5 (+0.25)",
        "metric: auc overall: 0.9 -> 0.8 (-0.1)",
        "metric: old overall: 1 -> none",
        "metric: unclear overall: none -> 0.125",
        "metric: new overall: none -> 1",
    ]
    back = [one for one in said(recorder.lineage.diff("2", "1")) if one.startswith("metric")]
    assert "metric: auc overall: 0.8 -> 0.9 (+0.1)" in back
    assert "metric: new overall: 1 -> none" in back


def test_metrics_of_slices_are_shown_by_what_changed_for_how_many_examples(recorder: Recorder) -> None:
    shown = section(judged(recorder, BEFORE, AFTER), "Metrics")
    assert shown.columns == ("slice", "metric", "before", "after", "change", "examples")
    assert shown.lines == ()
    assert shown.rows[1:3] == (
        ("overall", "loss", "0.25", "0.5", "+0.25", "1,000"),
        ("overall", "auc", "0.9", "0.8", "-0.1", "1,000"),
    )
    assert shown.rows[3] == ("overall", "old", "1", "", "", "1,000")
    assert shown.rows[6:] == (
        ("payment = Cash", "example_count", "500", "600", "+100", "600"),
        ("payment = Card", "example_count", "10", "20", "+10", "20"),
        ("payment = Cash", "auc", "0.75", "0.8125", "+0.0625", "600"),
        ("payment = Card", "auc", "0.5", "0.25", "-0.25", "20"),
        ("payment = Coin", "auc", "0.5", "", "", ""),
    )


@pytest.mark.parametrize(("slices", "words"), [(15, ()), (16, ("the largest of 16 changes:",))])
def test_of_many_changes_of_metrics_the_largest_are_shown_and_all_are_counted(
    recorder: Recorder, slices: int, words: tuple[str, ...]
) -> None:
    many = range(slices)
    before: dict[Slice, Metrics] = {(("hour", hour),): {"auc": 0.25} for hour in many}
    after: dict[Slice, Metrics] = {(("hour", hour),): {"auc": 0.25 + (hour + 1) / 64} for hour in many}
    diff = judged(recorder, before, after)
    shown = section(diff, "Metrics")
    assert len(diff.metrics) == slices
    assert shown.lines == words
    assert [row[0] for row in shown.rows] == [f"hour = {hour}" for hour in reversed(many)][:15]
    assert "metric" not in {one.kind for one in diff.differences}


@pytest.mark.parametrize("judged_runs", [(), ("1",), ("2",)])
def test_metrics_that_only_one_run_has_are_not_compared(recorder: Recorder, judged_runs: tuple[str, ...]) -> None:
    diff = judged(recorder, *(BEFORE if run in judged_runs else None for run in ("1", "2")))
    assert diff.metrics == ()
    assert "Metrics" not in [one.title for one in diff.sections()]


@pytest.mark.parametrize("unreadable", ["1", "2"])
def test_metrics_that_cannot_be_read_any_more_are_not_compared(recorder: Recorder, unreadable: str) -> None:
    judged(recorder, BEFORE, AFTER)
    for file in (recorder.folder / unreadable / "evaluation").iterdir():
        file.unlink()
    assert recorder.lineage.diff("1", "2").metrics == ()


def test_metrics_of_the_same_value_are_no_difference(recorder: Recorder) -> None:
    assert said(judged(recorder, BEFORE, BEFORE)) == []


def test_statistics_are_shown_feature_by_feature_the_farthest_first(recorder: Recorder) -> None:
    examples = recorder.data("1")
    was: dict[str, Feature] = {"near": Texts({"a": 8}), "old": Texts({"a": 8}), "far": Numbers([(0, 2, 8)], 1)}
    now: dict[str, Feature] = {
        "near": Texts({"a": 6}, missing=2),
        "new": Texts({"a": 6}, missing=2),
        "far": Numbers([(1, 3, 8)], 2),
    }
    recorder.statistics("1", examples, {"train": was, "eval": was})
    recorder.statistics("2", examples, {"train": now, "eval": was})
    diff = recorder.lineage.diff("1", "2")
    assert [one.title for one in diff.sections()] == ["1 -> 2", "Statistics of split train"]
    shown = section(diff, "Statistics of split train")
    assert shown.columns == ("feature", "distance", "missing before", "missing after", "")
    assert shown.rows == (
        ("old", "", "0.0%", "", "is gone"),
        ("new", "", "", "25.0%", "is new"),
        ("far", "0.500", "0.0%", "0.0%", "mean 1 -> 2"),
        ("near", "0.000", "0.0%", "25.0%", "unique 1 -> 1"),
    )


def test_of_many_features_the_farthest_are_shown(recorder: Recorder) -> None:
    examples = recorder.data("1")
    features = range(1, 21)
    recorder.statistics("1", examples, {"train": {f"f{one:02}": Texts({"a": 100}) for one in features}})
    recorder.statistics("2", examples, {"train": {f"f{o:02}": Texts({"a": 100 - o, "b": o}) for o in features}})
    rows = section(recorder.lineage.diff("1", "2"), "Statistics of split train").rows
    assert [row[0] for row in rows] == [f"f{one:02}" for one in range(20, 5, -1)]


def test_a_split_of_which_only_one_run_has_statistics_is_not_compared(recorder: Recorder) -> None:
    examples = recorder.data("1")
    recorder.statistics("1", examples, {"train": {"a": Texts({"x": 1})}, "old": {"a": Texts({"x": 1})}})
    recorder.statistics("2", examples, {"train": {"a": Texts({"y": 1})}, "new": {"a": Texts({"x": 1})}})
    assert list(recorder.lineage.diff("1", "2").features) == ["train"]


@pytest.mark.parametrize("unreadable", ["1", "2"])
def test_statistics_that_were_removed_since_are_not_compared(recorder: Recorder, unreadable: str) -> None:
    examples = recorder.data("1")
    for run, value in (("1", "x"), ("2", "y")):
        recorder.statistics(run, examples, {"train": {"a": Texts({value: 1})}})
    (recorder.folder / unreadable / "Statistics" / "Split-train" / "FeatureStats.pb").unlink()
    assert recorder.lineage.diff("1", "2").features == {}


def failed(bound: float) -> Failed:
    return Failed((), "auc", 0.5, {"value_threshold": {"lower_bound": {"value": bound}}})


def test_a_blessing_that_was_lost_or_won_is_told_with_both_verdicts(recorder: Recorder) -> None:
    examples = recorder.data("0")
    for run, failures in (("1", ()), ("2", (failed(0.75),)), ("3", (failed(0.875),))):
        recorder.evaluate(run, recorder.model(run, examples), {}, blessed=not failures, failed=failures)
    held = "blessed: no threshold was set"
    lost = "not blessed: overall: auc 0.5, asked: at least {}"
    assert said(recorder.lineage.diff("1", "2")) == [f"verdict: {held} -> {lost.format(0.75)}"]
    assert said(recorder.lineage.diff("2", "1")) == [f"verdict: {lost.format(0.75)} -> {held}"]
    assert said(recorder.lineage.diff("2", "3")) == []


def test_that_a_model_can_be_served_again_or_was_not_checked_is_told(recorder: Recorder) -> None:
    examples = recorder.data("0")
    for run, reason in (("1", ""), ("2", "it hangs"), ("3", None), ("4", ""), ("5", "it fails")):
        model = recorder.model(run, examples)
        if reason is not None:
            recorder.check_serving(run, model, reason)
    hangs, served = "not blessed as served: it hangs", "blessed as served"
    assert said(recorder.lineage.diff("2", "1")) == [f"verdict: {hangs} -> {served}"]
    assert said(recorder.lineage.diff("2", "3"))[-1] == f"verdict: {hangs} -> not checked as served"
    assert said(recorder.lineage.diff("3", "1"))[-1] == f"verdict: not checked as served -> {served}"
    assert said(recorder.lineage.diff("1", "4")) == []
    assert said(recorder.lineage.diff("2", "5")) == []


def test_of_several_verdicts_in_a_run_the_last_counts(recorder: Recorder) -> None:
    examples = recorder.data("0")
    for run, last in (("1", 1), ("2", 0)):
        model = recorder.model(run, examples)
        for node, kind, blessed in (
            ("Evaluate", "ModelBlessing", 1 - last),
            ("EvaluateAgain", "ModelBlessing", last),
            ("Check", "InfraBlessing", 1 - last),
            ("CheckAgain", "InfraBlessing", last),
        ):
            made = recorder.artifact(run, node, kind, blessed=blessed)
            recorder.node(run, node, {"model": model}, {"blessing": made})
    assert said(recorder.lineage.diff("1", "2")) == [
        "verdict: blessed: no threshold was set -> "
        "not blessed, for reasons that cannot be read any more (no evaluation was recorded)",
        "verdict: blessed as served -> not blessed as served: no reason was recorded",
    ]


def test_a_run_that_pushed_one_of_two_models_pushed(recorder: Recorder) -> None:
    examples = recorder.data("0")
    for run, pushes in (("1", (1, 0)), ("2", (0, 0))):
        model = recorder.model(run, examples)
        for number, pushed in enumerate(pushes):
            made = recorder.artifact(run, f"pushed {number}", "PushedModel", pushed=pushed)
            recorder.node(run, f"Push{number}", {"model": model}, {"pushed": made})
    assert said(recorder.lineage.diff("1", "2")) == ["verdict: pushed -> not pushed"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (True, False, ["verdict: pushed -> not pushed"]),
        (False, True, ["verdict: not pushed -> pushed"]),
        (True, True, []),
        (False, False, []),
    ],
)
def test_whether_the_model_was_pushed_is_told_where_it_differs(
    recorder: Recorder, before: bool, after: bool, expected: list[str]
) -> None:
    examples = recorder.data("0")
    for run, pushed in (("1", before), ("2", after)):
        recorder.push(run, recorder.model(run, examples), pushed)
    assert said(recorder.lineage.diff("1", "2")) == expected


@pytest.mark.parametrize("with_pusher", ["1", "2"])
def test_without_a_pusher_in_one_run_nothing_is_said_of_pushes(recorder: Recorder, with_pusher: str) -> None:
    examples = recorder.data("0")
    for run in ("1", "2"):
        model = recorder.model(run, examples)
        if run == with_pusher:
            recorder.push(run, model)
    assert [one.split(":")[0] for one in said(recorder.lineage.diff("1", "2"))] == ["nodes"]


def test_a_diff_shows_both_runs_and_that_nothing_differs(recorder: Recorder) -> None:
    for run in ("1", "2"):
        recorder.node(run, "Gen")
    same = recorder.lineage.diff("1", "2")
    assert same.sections() == [Section("1 -> 2", ("nothing differs that was recorded",))]
    assert (same.before.id, same.after.id, same.rows()) == ("1", "2", [])


def test_a_diff_has_a_row_a_difference_and_a_line_of_each(recorder: Recorder) -> None:
    recorder.node("1", "Train", epochs=3)
    recorder.node("2", "Train", epochs=5)
    recorder.node("2", "Push")
    diff = recorder.lineage.diff("1", "2")
    assert diff.rows() == [
        {"kind": "parameter", "subject": "epochs of Train", "detail": "3 -> 5"},
        {"kind": "nodes", "subject": "Push", "detail": "only in the run after"},
    ]
    assert diff.sections() == [
        Section("1 -> 2", ("parameter: epochs of Train: 3 -> 5", "nodes: Push: only in the run after"))
    ]


def test_a_file_of_a_copied_folder_is_compared_with_the_one_of_its_name(recorder: Recorder) -> None:
    def files(folder: str, bytes_of_b: int) -> dict[str, Property]:
        read = [[f"{folder}/a.csv", 1000, 10**18], [f"{folder}/b.csv", bytes_of_b, 10**18]]
        return {names.INPUT_FILES: json.dumps({"train": read})}

    recorder.data("1", "/data/a.csv", properties=files("/data", 2000))
    recorder.data("2", "/copy/a.csv", properties=files("/copy", 3000))
    assert said(recorder.lineage.diff("1", "2")) == [
        "data: Gen: read from /data -> /copy",
        "data: /copy/b.csv in split train: was written again, 2.0 kB -> 3.0 kB",
    ]


def test_a_schemas_new_value_and_a_vocabularys_are_told(recorder: Recorder) -> None:
    for run, values in (("1", ("Cash", "Card")), ("2", ("Cash", "Card", "Barter"))):
        recorder.schema(run, *values)
        folder = recorder.folder / run / "graph"
        (folder / "transform_fn" / "assets").mkdir(parents=True)
        (folder / "transform_fn" / "assets" / "payment").write_text("".join(f"{value}\n" for value in values))
        graph = recorder.artifact(run, "graph", "TransformGraph", str(folder))
        recorder.node(run, "Transform", {}, {"graph": graph})
    assert said(recorder.lineage.diff("1", "2")) == [
        "schema: payment: domain gained 'Barter'",
        "vocabulary: payment: 2 -> 3 values: 1 new, 0 gone",
    ]


def test_causes_come_before_effects(recorder: Recorder) -> None:
    examples = recorder.data("1")
    for run, blessed in (("1", True), ("2", False)):
        model = recorder.model(run, examples, {"epochs": run, names.CPU_SECONDS: 10.0 * int(run)})
        recorder.judge(run, model, blessed)
        recorder.push(run, model, pushed=blessed)
        recorder.store.annotate_run(run, {names.VERSIONS: json.dumps({"tfx": run})})
    for run, values in (("1", ["a"]), ("2", ["b"])):
        recorder.vocabularies(run, payment=values)
        recorder.schema(run, *values, **{names.KEY: KeyParts(code={"schema.py": run}).to_json()})
        recorder.statistics(run, examples, {"train": {"payment": Texts({values[0]: 1})}})
        recorder.evaluate(run, recorder.ids[f"{run} model"], {(): {"auc": int(run) / 4}}, blessed=run == "1")
    kinds = [one.kind.value for one in recorder.lineage.diff("1", "2").differences]
    causes = ["parameter", "code", "data", "schema", "schema", "vocabulary"]
    assert kinds == [*causes, "nodes", "environment", "verdict", "verdict", "metric", "resources"]
    diff = recorder.lineage.diff("1", "2")
    assert list(diff.to_frame()["subject"])[:2] == ["epochs of Train", "schema.py"]
    assert "only in the run before" in diff._repr_html_()


def test_that_a_model_can_no_longer_be_served_is_told_with_the_reason(recorder: Recorder) -> None:
    examples = recorder.data("1")
    for run, reason in (("1", ""), ("2", "it hangs")):
        recorder.check_serving(run, recorder.model(run, examples), reason)
    assert "verdict: blessed as served -> not blessed as served: it hangs" in said(recorder.lineage.diff("1", "2"))


def test_a_part_of_a_run_differs_in_nothing_that_it_took_over_and_has_no_verdict(recorder: Recorder) -> None:
    key = KeyParts(code={"model.py": "a"}).to_json()
    examples = recorder.data("1", properties={names.KEY: key})
    old = recorder.model("1", examples, {"custom_config": '{"epochs": 3}', names.KEY: key})
    blessing = recorder.judge("1", old, blessed=True)
    recorder.push("1", old)
    recorder.node("2", "Gen", {}, {"examples": examples}, State.CACHED)  # as TFX records what a part takes over
    found = {"model": [old], "blessing": [blessing]}
    record_execution(recorder.store, "small", "2", "live", State.CACHED, outputs=found, type_name=RESOLVER)
    recorder.model("2", examples, {"custom_config": '{"epochs": 5}', names.KEY: key})
    assert said(recorder.lineage.diff("1", "2")) == [
        "parameter: epochs of Train: 3 -> 5",
        "nodes: Evaluate: only in the run before",
        "nodes: Push: only in the run before",
        "nodes: live: only in the run after",
        "verdict: blessed: no threshold was set -> not evaluated",
    ]
    assert said(recorder.lineage.diff("2", "1"))[-1] == "verdict: not evaluated -> blessed: no threshold was set"


def test_an_evaluation_that_a_part_of_a_run_took_over_is_its_verdict(recorder: Recorder) -> None:
    examples = recorder.data("1")
    model = recorder.model("1", examples)
    blessing = recorder.judge("1", model, blessed=True)
    recorder.push("1", model, pushed=False)
    for node, key, artifact in (("Gen", "examples", examples), ("Train", "model", model)):
        recorder.node("2", node, {}, {key: artifact}, State.CACHED)
    recorder.node("2", "Evaluate", {}, {"blessing": blessing}, State.CACHED)
    recorder.push("2", model)
    assert said(recorder.lineage.diff("1", "2")) == ["verdict: not pushed -> pushed"]


def test_what_was_not_said_of_hyperparameters_is_at_its_default(recorder: Recorder) -> None:
    examples = recorder.data("1")
    defaults = '{"epochs": 3, "rate": 0.1, "exclude": []}'
    for run, given in (("1", defaults), ("2", '{"exclude": ["payment"]}'), ("3", '{"rate": 0.2}')):
        recorder.model(run, examples, {"custom_config": given})
        recorder.store.annotate_run(run, {names.PARAMETERS: json.dumps({"hyperparameters": given})})
    recorder.store.annotate_run("3", {names.DEFAULTS: json.dumps({"hyperparameters": defaults})})

    def parameters(before: str, after: str) -> list[str]:
        return [one for one in said(recorder.lineage.diff(before, after)) if one.startswith("parameter")]

    assert parameters("1", "3") == ["parameter: rate of Train: 0.1 -> 0.2"]
    assert parameters("2", "3") == [
        "parameter: rate of Train: 0.1 -> 0.2",
        "parameter: exclude of Train: payment -> empty",
    ]
    assert parameters("1", "2") == [  # neither recorded the defaults
        "parameter: exclude of Train: empty -> payment",
        "parameter: Train: no longer given: epochs (3), rate (0.1)",
    ]
