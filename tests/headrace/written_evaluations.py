"""Writes what TFMA leaves of an evaluation, without evaluating anything: for tests of what reads it."""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from headrace.contents.light_protos import message_class
from headrace.contents.metrics import Metrics, Slice

_METRICS = ("tensorflow_model_analysis/proto/metrics_for_slice.proto", "tensorflow_model_analysis.MetricsForSlice")
_VALIDATION = (
    "tensorflow_model_analysis/proto/validation_result.proto",
    "tensorflow_model_analysis.ValidationResult",
)
CANDIDATE, BASELINE = "candidate", "baseline"


@dataclass(frozen=True)
class Failed:
    """A threshold that did not hold: the fields of TFMA's MetricThreshold, as its messages take them."""

    slice: Slice
    metric: str
    measured: float
    threshold: Mapping[str, Mapping[str, Any]]
    is_change: bool = False


def write_evaluation(
    folder: Path,
    metrics: Mapping[Slice, Metrics],
    baseline: Mapping[Slice, Metrics] | None = None,
    failed: Sequence[Failed] = (),
    specs: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Writes the files of one evaluation.

    Args:
        folder: of the ModelEvaluation artifact.
        metrics: the candidate's, by slice; a metric that is None is not a number.
        baseline: the same of the baseline model, where there was one.
        failed: the thresholds that did not hold.
        specs: the configuration's `metricsSpecs`, with the thresholds that were asked for.
    """
    folder.mkdir(parents=True, exist_ok=True)
    models: list[dict[str, object]] = [{"name": CANDIDATE, "labelKey": "label"}]
    models += [{"name": BASELINE, "isBaseline": True}] if baseline else []
    config = {
        "evalConfig": {"modelSpecs": models, "metricsSpecs": list(specs)},
        "version": version("tensorflow-model-analysis"),
        "modelLocations": {},
    }
    (folder / "eval_config.json").write_text(json.dumps(config), encoding="utf-8")
    records = []
    for key in dict.fromkeys([*metrics, *(baseline or {})]):
        record = message_class(*_METRICS)()
        _fill(record.slice_key, key)  # type: ignore[attr-defined]
        # TFMA leaves out the name of a model that is alone.
        for model, its in ((CANDIDATE if baseline else "", metrics), (BASELINE, baseline or {})):
            for name, value in its.get(key, {}).items():
                pair = record.metric_keys_and_values.add()  # type: ignore[attr-defined]
                pair.key.name, pair.key.model_name = name, model
                pair.key.example_weighted.SetInParent()
                pair.value.double_value.value = float("nan") if value is None else value
        records.append(record.SerializeToString())
    write_records(folder / "metrics-00000-of-00001.tfrecord", records)
    validation: Any = message_class(*_VALIDATION)(validation_ok=not failed)
    for one in failed:
        found = validation.metric_validations_per_slice.add()
        _fill(found.slice_key, one.slice)
        failure = found.failures.add(metric_threshold=one.threshold)
        failure.metric_key.name, failure.metric_key.is_diff = one.metric, one.is_change
        failure.metric_key.model_name = CANDIDATE if baseline else ""
        failure.metric_key.example_weighted.SetInParent()
        failure.metric_value.double_value.value = one.measured
    write_records(folder / "validations-00000-of-00001.tfrecord", [validation.SerializeToString()])
    return folder


def _fill(slice_key: Any, key: Slice) -> None:
    slice_key.SetInParent()
    for feature, value in key:
        single = slice_key.single_slice_keys.add(column=feature)
        match value:
            case str():
                single.bytes_value = value.encode()
            case int():
                single.int64_value = value
            case _:
                single.float_value = value


def write_records(path: Path, records: Iterable[bytes]) -> None:
    """A TFRecord file; nothing looks at its checksums."""
    path.write_bytes(b"".join(struct.pack("<QI", len(one), 0) + one + bytes(4) for one in records))
