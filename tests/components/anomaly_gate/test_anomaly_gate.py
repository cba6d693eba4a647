from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies, AnomalyInfo
from tfx.types import Channel
from tfx.types.standard_artifacts import ExampleAnomalies

from components.anomaly_gate.component import AnomalyGate
from components.anomaly_gate.executor import Executor
from headrace.contents.anomalies import DATASET
from headrace.errors import AnomaliesFoundError, ParameterError
from headrace.orchestration.outcomes import Failure
from headrace.testing import ComponentResult, artifact, run_component

WARNING, ERROR = AnomalyInfo.WARNING, AnomalyInfo.ERROR


def info(severity: int, what: str = "Out-of-range values") -> AnomalyInfo:
    return AnomalyInfo(severity=severity, short_description=what, description=f"{what}: too low")


def found(dataset: AnomalyInfo | None = None, **features: AnomalyInfo) -> Anomalies:
    return Anomalies(anomaly_info=features, dataset_anomaly_info=dataset)


def refusal(result: ComponentResult) -> Failure:
    assert result.error is not None
    assert result.error.kind == "AnomaliesFoundError"
    assert not result.outputs
    return result.error


def test_data_without_anomalies_passes() -> None:
    result = run_component(AnomalyGate, anomalies={"train": found(), "eval": found()}, severity="WARNING")
    assert result.outputs["blessing"].properties["tolerated"] == 0


@pytest.mark.parametrize(
    ("severity_found", "severity", "passes"),
    [(WARNING, "ERROR", True), (WARNING, "WARNING", False), (ERROR, "ERROR", False), (ERROR, "WARNING", False)],
)
def test_anomalies_at_or_over_the_severity_stop_the_run(severity_found: int, severity: str, passes: bool) -> None:
    anomalies = found(fare=info(severity_found), tips=info(severity_found))
    result = run_component(AnomalyGate, anomalies=anomalies, severity=severity)
    if passes:
        assert result.outputs["blessing"].properties["tolerated"] == 2
    else:
        assert refusal(result).message == "2 anomalies in the data"


def test_the_message_names_feature_split_anomaly_and_the_next_command() -> None:
    anomalies = {"train": found(fare=info(WARNING)), "eval": found(tips=info(ERROR))}
    error = refusal(run_component(AnomalyGate, anomalies=anomalies))
    assert error.message == "1 anomaly in the data"
    assert error.where.endswith("given/anomalies/0")
    assert error.why == "tips in split eval: Out-of-range values: Out-of-range values: too low"
    assert error.next_step == "headrace show 1  # then put the data right, or allow this in the schema"


def test_the_schema_that_a_person_may_edit_is_named() -> None:
    error = refusal(run_component(AnomalyGate, anomalies=found(tips=info(ERROR)), schema_file="taxi/schema.pbtxt"))
    assert error.next_step.endswith("or allow this in taxi/schema.pbtxt")


def test_of_several_spans_each_anomaly_says_its_own() -> None:
    given = {3: found(), 4: found(tips=info(WARNING)), 2: found(tips=info(ERROR)), 1: found(fare=info(ERROR))}
    anomalies = [artifact(ExampleAnomalies, one, {"span": span}) for span, one in given.items()]
    error = refusal(run_component(AnomalyGate, anomalies=anomalies))
    assert error.message == "2 anomalies in the data of span 1, 2"
    assert [told.split(" in split")[0] for told in error.why.split("; ")] == ["span 2: tips", "span 1: fare"]
    assert len(error.where.split(", ")) == 2
    passed = run_component(AnomalyGate, anomalies=anomalies[:2])
    assert passed.outputs["blessing"].properties["tolerated"] == 1


def test_of_many_anomalies_ten_are_told_each_once_and_what_shows_the_others() -> None:
    anomalies = found(**{f"f{number:02}": info(ERROR) for number in range(70)})
    error = refusal(run_component(AnomalyGate, anomalies=anomalies))
    assert error.message == "70 anomalies in the data"
    *told, more = error.why.split("; ")
    assert [one.split(" in split")[0] for one in told] == [f"f{number:02}" for number in range(10)]
    assert more == "60 more: headrace show 1"


def test_an_artifact_that_two_channels_bring_counts_once(tmp_path: Path) -> None:
    (tmp_path / "Split-train").mkdir()
    (tmp_path / "Split-train" / "SchemaDiff.pb").write_bytes(found(tips=info(ERROR)).SerializeToString())
    one = ExampleAnomalies()
    one.id, one.uri = 7, str(tmp_path)
    with pytest.raises(AnomaliesFoundError) as raised:
        Executor().Do({"anomalies": [one, one]}, {}, {"severity": "ERROR"})
    assert raised.value.what == "1 anomaly in the data"


def test_an_anomaly_of_every_split_and_of_the_whole_dataset_counts() -> None:
    anomalies = {"train": found(info(ERROR, "Low num examples in dataset.")), "eval": found(fare=info(ERROR))}
    why = refusal(run_component(AnomalyGate, anomalies=anomalies)).why
    assert f"{DATASET} in split train: Low num examples" in why
    assert "fare in split eval" in why


def test_an_artifact_without_any_split_does_not_pass() -> None:
    result = run_component(AnomalyGate, anomalies={})
    assert result.error is not None
    assert result.error.kind == "FileNotFoundError"


@pytest.mark.parametrize("severity", ["error", "FATAL", ""])
def test_an_unknown_severity_is_refused_when_the_pipeline_is_built(severity: str) -> None:
    with pytest.raises(ParameterError) as raised:
        AnomalyGate(Channel(type=ExampleAnomalies), severity)
    assert repr(severity) in raised.value.what
    assert raised.value.why == "TFDV's are WARNING, ERROR"


@pytest.mark.parametrize(("given", "severity"), [({}, "ERROR"), ({"severity": "WARNING"}, "WARNING")])
def test_the_severity_is_recorded_as_plain_text(given: dict[str, str], severity: str) -> None:
    result = run_component(AnomalyGate, anomalies=found(), **given)
    assert result.properties["severity"] == severity
    assert list(result.outputs) == ["blessing"]
