from pathlib import Path
from typing import Any

import pytest
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies, AnomalyInfo
from tfx.dsl.compiler.compiler import Compiler
from tfx.orchestration.pipeline import Pipeline
from tfx.types import Channel
from tfx.types.standard_artifacts import ExampleAnomalies

from components.anomaly_gate.component import AnomalyGate, DataBlessing
from components.anomaly_gate.executor import Executor
from headrace.contents.anomalies import DATASET
from headrace.errors import AnomaliesFoundError, ParameterError

WARNING, ERROR = AnomalyInfo.WARNING, AnomalyInfo.ERROR


def info(severity: int, what: str = "Out-of-range values") -> AnomalyInfo:
    return AnomalyInfo(severity=severity, short_description=what, description=f"{what}: too low")


@pytest.fixture
def artifact(tmp_path: Path) -> ExampleAnomalies:
    made = ExampleAnomalies()
    made.uri = str(tmp_path)
    made.id = 42
    return made


def write(artifact: ExampleAnomalies, split: str, dataset: AnomalyInfo | None = None, **features: AnomalyInfo) -> None:
    anomalies = Anomalies(anomaly_info=features, dataset_anomaly_info=dataset)
    folder = Path(artifact.uri) / f"Split-{split}"
    folder.mkdir()
    (folder / "SchemaDiff.pb").write_bytes(anomalies.SerializeToString())


def gate(artifact: ExampleAnomalies, severity: str) -> DataBlessing:
    blessing = DataBlessing()
    properties: dict[str, Any] = {"severity": severity}
    Executor().Do({"anomalies": [artifact]}, {"blessing": [blessing]}, properties)
    return blessing


@pytest.mark.parametrize("severity", ["WARNING", "ERROR"])
def test_data_without_anomalies_passes(artifact: ExampleAnomalies, severity: str) -> None:
    write(artifact, "train")
    write(artifact, "eval")
    assert gate(artifact, severity).tolerated == 0


@pytest.mark.parametrize(
    ("found", "severity", "passes"),
    [(WARNING, "ERROR", True), (WARNING, "WARNING", False), (ERROR, "ERROR", False), (ERROR, "WARNING", False)],
)
def test_anomalies_at_or_over_the_severity_stop_the_run(
    artifact: ExampleAnomalies, found: int, severity: str, passes: bool
) -> None:
    write(artifact, "train", fare=info(found), tips=info(found))
    if passes:
        assert gate(artifact, severity).tolerated == 2
    else:
        with pytest.raises(AnomaliesFoundError, match="2 anomalies in the data"):
            gate(artifact, severity)


def test_the_message_names_feature_split_anomaly_and_the_next_command(artifact: ExampleAnomalies) -> None:
    write(artifact, "train", fare=info(WARNING))
    write(artifact, "eval", tips=info(ERROR))
    with pytest.raises(AnomaliesFoundError) as raised:
        gate(artifact, "ERROR")
    error = raised.value
    assert error.what == "1 anomaly in the data"
    assert error.where == artifact.uri
    assert error.why == "tips in split eval: Out-of-range values: Out-of-range values: too low"
    assert error.next_step == "headrace show 42"
    assert error.exit_code == 1


def test_an_anomaly_of_every_split_counts(artifact: ExampleAnomalies) -> None:
    for split in ("train", "eval"):
        write(artifact, split, fare=info(ERROR))
    with pytest.raises(AnomaliesFoundError) as raised:
        gate(artifact, "ERROR")
    assert "split eval" in raised.value.why
    assert "split train" in raised.value.why


def test_an_anomaly_of_the_whole_dataset_counts(artifact: ExampleAnomalies) -> None:
    write(artifact, "train", dataset=info(ERROR, "Low num examples in dataset."))
    with pytest.raises(AnomaliesFoundError) as raised:
        gate(artifact, "ERROR")
    assert DATASET in raised.value.why
    assert "Low num examples" in raised.value.why


def test_an_artifact_without_any_split_does_not_pass(artifact: ExampleAnomalies) -> None:
    with pytest.raises(FileNotFoundError):
        gate(artifact, "ERROR")


@pytest.mark.parametrize("severity", ["error", "FATAL", ""])
def test_an_unknown_severity_is_refused_when_the_pipeline_is_built(severity: str) -> None:
    with pytest.raises(ParameterError) as raised:
        AnomalyGate(Channel(type=ExampleAnomalies), severity)
    assert repr(severity) in raised.value.what
    assert raised.value.why == "TFDV's are WARNING, ERROR"


@pytest.mark.parametrize(("arguments", "severity"), [((), "ERROR"), (("WARNING",), "WARNING")])
def test_the_severity_is_recorded_as_plain_text(arguments: tuple[str, ...], severity: str) -> None:
    node = AnomalyGate(Channel(type=ExampleAnomalies), *arguments)
    pipeline = Compiler().compile(Pipeline("pipeline", "/root", components=[node]))
    [compiled] = pipeline.nodes
    assert compiled.pipeline_node.parameters.parameters["severity"].field_value.string_value == severity
    assert list(compiled.pipeline_node.outputs.outputs) == ["blessing"]
