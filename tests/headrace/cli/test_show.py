from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies, AnomalyInfo

from headrace.contents.light_protos import message_class
from headrace.metadata import MetadataStore
from headrace.metadata.store import sqlite_config
from tests.headrace.recording import record_artifact

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".headrace").mkdir()
    return tmp_path


@pytest.fixture
def store(project: Path) -> MetadataStore:
    return MetadataStore.connect(sqlite_config(project / ".headrace" / "metadata.sqlite"))


def anomalies(folder: Path, **descriptions: str) -> Path:
    """Writes what ExampleValidator does; each feature's anomaly with its description."""
    found = Anomalies()
    for feature, description in descriptions.items():
        info = AnomalyInfo(severity=AnomalyInfo.ERROR, short_description="Bad values", description=description)
        found.anomaly_info[feature].CopyFrom(info)
    split = folder / "Split-train"
    split.mkdir(parents=True)
    (split / "SchemaDiff.pb").write_bytes(found.SerializeToString())
    return folder


def test_anomalies_are_shown_with_feature_split_and_description(
    project: Path, store: MetadataStore, headrace: Command
) -> None:
    folder = anomalies(project / "anomalies", tips="tips are negative", fare="fare is missing")
    artifact = record_artifact(store, "ExampleAnomalies", str(folder))
    code, out, err = headrace("show", str(artifact))
    assert (code, err) == (0, "")
    assert f"ExampleAnomalies {artifact}" in out
    assert str(folder) in out
    [fare, tips] = [line for line in out.splitlines() if "Bad values" in line]
    assert [cell.strip() for cell in fare.split("│")[1:-1]] == [
        "train",
        "fare",
        "ERROR",
        "Bad values",
        "fare is missing",
    ]
    assert "tips are negative" in tips


def test_a_folder_names_its_newest_artifact(project: Path, store: MetadataStore, headrace: Command) -> None:
    folder = anomalies(project / "anomalies")
    record_artifact(store, "ExampleAnomalies", str(folder))
    newest = record_artifact(store, "ExampleAnomalies", str(folder))
    code, out, _ = headrace("show", "anomalies/")
    assert code == 0
    assert f"ExampleAnomalies {newest}," in out
    assert "no anomalies" in out


@pytest.mark.parametrize("text", ["values [bold] and [red]", "unexpected [/]", "not in [0, 1]"])
def test_brackets_in_the_data_are_shown_as_they_are(
    project: Path, store: MetadataStore, headrace: Command, text: str
) -> None:
    folder = anomalies(project / "in [brackets]", tips=text)
    code, out, _ = headrace("show", str(record_artifact(store, "ExampleAnomalies", str(folder))))
    assert code == 0
    assert text in out
    assert str(folder) in out


def test_of_an_artifact_that_has_no_view_the_properties_are_shown(store: MetadataStore, headrace: Command) -> None:
    artifact = record_artifact(store, "Notes", "/notes", pages=12, title="sluices [old]")
    code, out, _ = headrace("show", str(artifact))
    assert code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]
    assert rows == [["pages", "12"], ["title", "sluices [old]"]]


@pytest.mark.parametrize("name", ["77", "not/a/folder", "9" * 25])
def test_an_artifact_that_was_never_recorded_is_refused(store: MetadataStore, headrace: Command, name: str) -> None:
    code, out, err = headrace("show", name)
    assert (code, out) == (2, "")
    assert err.startswith((f"error: there is no artifact or run {name!r}", f"error: nothing is recorded of {name!r}"))
    assert "next: " in err


@pytest.mark.usefixtures("project")
def test_before_anything_was_recorded_it_says_so(headrace: Command) -> None:
    code, _, err = headrace("show", "1")
    assert code == 2
    assert "nothing is recorded yet" in err
    assert "next: headrace run" in err


def test_an_artifact_whose_files_are_gone_is_named(project: Path, store: MetadataStore, headrace: Command) -> None:
    code, _, err = headrace("show", str(record_artifact(store, "ExampleAnomalies", str(project / "gone"))))
    assert code == 2
    assert f"where: {project / 'gone'}" in err


def test_an_artifact_whose_file_is_damaged_is_named(project: Path, store: MetadataStore, headrace: Command) -> None:
    folder = anomalies(project / "anomalies", tips="tips are negative")
    (folder / "Split-train" / "SchemaDiff.pb").write_bytes(b"\xff\xff\xff")
    code, _, err = headrace("show", str(record_artifact(store, "ExampleAnomalies", str(folder))))
    assert code == 2
    assert str(folder) in err


@pytest.mark.parametrize("content", [b"feature { name: ", b"\xff\xfe", b"no: schema"])
def test_a_schema_that_is_damaged_is_named(
    project: Path, store: MetadataStore, headrace: Command, content: bytes
) -> None:
    (project / "schema.pbtxt").write_bytes(content)
    code, out, err = headrace("show", str(record_artifact(store, "Schema", str(project))))
    assert code == 2
    assert "Traceback" not in out + err
    assert f"{project / 'schema.pbtxt'} is damaged: " in err


@pytest.mark.parametrize(
    ("kind", "content", "properties", "shown"),
    [
        ("Integer", b"7", {"__is_null__": 0}, "7"),
        ("Float", b"0.25", {"__is_null__": 0}, "0.25"),
        ("Boolean", b"0", {"__is_null__": 0}, "False"),
        ("String", b"in [brackets]", {"__is_null__": 0}, "in [brackets]"),
        ("String", b"", {"__is_null__": 0}, "an empty text"),
        ("String", b"", {"__is_null__": 1}, "None"),
        ("Bytes", b"\x00\xff", {"__is_null__": 0}, r"b'\x00\xff'"),
        ("JsonValue", b'{"a": 1}', {"__is_null__": 0}, '{"a": 1}'),
        ("OfAProject", b"own", {"__is_null__": 0}, "own"),
        ("String", b"x" * 5000, {"__is_null__": 0}, "... (shortened)"),
        ("Integer", b"", {}, "nothing: no value was ever written into it"),
    ],
)
def test_a_value_is_shown(
    project: Path,
    store: MetadataStore,
    headrace: Command,
    kind: str,
    content: bytes,
    properties: dict[str, int],
    shown: str,
) -> None:
    (project / "value").write_bytes(content)
    code, out, err = headrace("show", str(record_artifact(store, kind, str(project / "value"), **properties)))
    assert (code, err) == (0, "")
    assert out.rstrip().endswith(shown)
    assert len(out) < 3000


@pytest.mark.parametrize(("kind", "code"), [("Integer", 2), ("Notes", 0)])
def test_that_the_files_of_an_artifact_are_gone_is_said(
    project: Path, store: MetadataStore, headrace: Command, kind: str, code: int
) -> None:
    ended, out, err = headrace("show", str(record_artifact(store, kind, str(project / "gone"))))
    assert ended == code
    assert "its files are gone" in out + err


def test_statistics_are_shown_by_split_and_feature(project: Path, store: MetadataStore, headrace: Command) -> None:
    batch = pa.RecordBatch.from_pydict({"hour": [[1], [2], [3]], "company": [["Blue"], ["Blue"], []]})
    path = project / "statistics" / "Split-train" / "FeatureStats.pb"
    path.parent.mkdir(parents=True)
    path.write_bytes(generate_statistics_in_memory(batch).SerializeToString())
    code, out, _ = headrace("show", str(record_artifact(store, "ExampleStatistics", str(project / "statistics"))))
    assert code == 0
    assert "train: 3 examples, 2 features" in out
    rows = {cells[2].strip(): cells for line in out.splitlines() if len(cells := line.split("│")) > 5}
    assert rows["hour"][5].strip() == "1 to 3, mean 2, median 2"
    assert rows["company"][4].strip() == "33.3%"
    assert rows["company"][5].strip() == "1 distinct: Blue"


def test_the_signatures_of_a_model_are_shown(project: Path, store: MetadataStore, headrace: Command) -> None:
    saved: Any = message_class("tensorflow/core/protobuf/saved_model.proto", "tensorflow.SavedModel")()
    signature = saved.meta_graphs.add().signature_def["serving_default"]
    signature.inputs["examples"].dtype = 7
    signature.inputs["examples"].tensor_shape.dim.add().size = -1
    signature.outputs["probability"].dtype = 1
    signature.outputs["probability"].tensor_shape.unknown_rank = True
    folder = project / "model" / "Format-Serving"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(saved.SerializeToString())
    code, out, _ = headrace("show", str(record_artifact(store, "Model", str(project / "model"))))
    assert code == 0
    assert "serving_default" in out
    assert "examples: string [None]" in out
    assert "probability: float [...]" in out


def test_of_a_model_in_another_form_the_properties_are_shown(
    project: Path, store: MetadataStore, headrace: Command
) -> None:
    (project / "model").mkdir()
    code, out, _ = headrace("show", str(record_artifact(store, "Model", str(project / "model"), made_by="hand")))
    assert code == 0
    assert "made_by" in out
