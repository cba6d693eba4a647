"""What differs between two runs."""

import json

from tensorflow_metadata.proto.v0 import statistics_pb2

from headrace.lineage.diff import Diff
from headrace.metadata import Property, State
from headrace.metadata import properties as names
from headrace.metadata.changes import KeyParts
from headrace.metadata.records import RESOLVER
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.recording import record_execution


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
    def statistics(run: str, node: str, share_of_cash: int, folder: str = "Split-train") -> None:
        feature = statistics_pb2.FeatureNameStatistics(name="payment", type=statistics_pb2.FeatureNameStatistics.STRING)
        counts = feature.string_stats
        counts.unique = 2
        counts.common_stats.num_non_missing = counts.common_stats.tot_num_values = 100
        for label, count in (("Cash", share_of_cash), ("Card", 100 - share_of_cash)):
            counts.rank_histogram.buckets.add(label=label, sample_count=count)
        written = statistics_pb2.DatasetFeatureStatisticsList()
        written.datasets.add(num_examples=100, features=[feature])
        place = recorder.folder / run / node
        (place / folder).mkdir(parents=True)
        (place / folder / "FeatureStats.pb").write_bytes(written.SerializeToString())
        artifact = recorder.artifact(run, node, "ExampleStatistics", str(place))
        recorder.node(run, node, {}, {"statistics": artifact})

    for run, shares in (("1", (50, 50, 50)), ("2", (60, 80, 90))):
        statistics(run, "New", shares[0])
        statistics(run, "Old", shares[1])
        statistics(run, "Transform", shares[2], folder=".")
    assert list(recorder.lineage.diff("1", "2").features) == ["train of New", "train of Old"]
    assert [one.split(": distance 0.")[0] for one in said(recorder.lineage.diff("1", "2"))] == [
        "data: payment in split train of New",
        "data: payment in split train of Old",
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
    kinds = [one.kind.value for one in recorder.lineage.diff("1", "2").differences]
    assert kinds == ["parameter", "nodes", "environment", "verdict", "verdict", "resources"]
    diff = recorder.lineage.diff("1", "2")
    assert list(diff.to_frame()["subject"])[:2] == ["epochs of Train", "Gen"]
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
