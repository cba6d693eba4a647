"""What an Evaluator found: metrics by slice, and why the model was blessed or not."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.contents.damage import reading
from headrace.contents.light_protos import message_class
from headrace.contents.metrics import (
    EXAMPLE_COUNT,
    MEAN_LABEL,
    Metrics,
    Slice,
    is_number,
    meaningful,
    metric_name,
    number,
    slice_of,
)
from headrace.contents.tfrecords import read_records
from headrace.contents.validation import Check, Measured, checks_of, failures_of

if TYPE_CHECKING:
    from tensorflow_model_analysis.proto import metrics_for_slice_pb2

CONFIG_FILE = "eval_config.json"  # what TFMA writes beside the metrics


_METRICS, _VALIDATIONS = "metrics", "validations"  # how the names of TFMA's files of records begin
_MESSAGES = {
    _METRICS: ("tensorflow_model_analysis/proto/metrics_for_slice.proto", "tensorflow_model_analysis.MetricsForSlice"),
    _VALIDATIONS: (
        "tensorflow_model_analysis/proto/validation_result.proto",
        "tensorflow_model_analysis.ValidationResult",
    ),
}


@dataclass(frozen=True)
class Findings:
    """What TFMA recorded of an evaluation, as it is: without the thresholds that held, which it does not record."""

    metrics: Mapping[Slice, Metrics]  # the candidate's; () is all examples
    baseline: Mapping[Slice, Metrics]  # the baseline model's; empty where there was none
    failures: tuple[Check, ...]  # the thresholds that did not hold, and slices that were missing


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a candidate model, perhaps against a baseline model."""

    metrics: Mapping[Slice, Metrics]  # the candidate's; () is all examples
    baseline: Mapping[Slice, Metrics]  # the baseline model's; empty where there was none
    blessed: bool
    checks: tuple[Check, ...]  # every threshold that was held against a metric; empty where none was set

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that kept the model from its blessing, missing slices among them."""
        return tuple(check for check in self.checks if not check.held)

    @property
    def passed(self) -> tuple[Check, ...]:
        """The checks that held."""
        return tuple(check for check in self.checks if check.held)

    def examples(self, key: Slice) -> int | None:
        """Number of examples in a slice; None where the evaluation has no ExampleCount."""
        count = self.metrics.get(key, {}).get(EXAMPLE_COUNT)
        return None if count is None else round(count)


def read_evaluation(folder: Path) -> Evaluation:
    """The evaluation in a ModelEvaluation artifact's `folder`. Imports TFMA, which takes seconds.

    Metrics that are no single number, such as confusion matrices, are left out, and so are
    metrics across slices except where a threshold is set for them. A metric that has no
    meaning is None: NaN, and an AUC of examples of one class (see `metrics.meaningful`).

    Raises:
        FileNotFoundError: there is no evaluation in the folder.
        ValueError: a file is damaged.
    """
    if not (folder / CONFIG_FILE).is_file():
        raise FileNotFoundError(f"no {CONFIG_FILE} in {folder}")
    from tensorflow_model_analysis.proto import metrics_for_slice_pb2, validation_result_pb2
    from tensorflow_model_analysis.writers import eval_config_writer

    with reading(folder / CONFIG_FILE):
        config, *_ = eval_config_writer.load_eval_run(str(folder))
    records = list(_recorded(folder, _METRICS, metrics_for_slice_pb2.MetricsForSlice))
    baselines = {spec.name for spec in config.model_specs if spec.is_baseline}
    measured = _both(records, baselines)
    with reading(folder / f"{_VALIDATIONS}*.tfrecord"):
        [validation] = _recorded(folder, _VALIDATIONS, validation_result_pb2.ValidationResult)
    checks = checks_of(validation, config, records, measured)
    return Evaluation(measured.candidate, measured.baseline, validation.validation_ok, checks)


def read_findings(folder: Path) -> Findings:
    """What TFMA recorded in a ModelEvaluation artifact's `folder`; imports nothing of TFMA's, so it takes no time.

    Metrics are left out, and are None, as in `read_evaluation`.

    Raises:
        FileNotFoundError: there is no evaluation in the folder.
        ValueError: a file is damaged.
        ModuleNotFoundError: TFMA is not installed.
    """
    if not (folder / CONFIG_FILE).is_file():
        raise FileNotFoundError(f"no {CONFIG_FILE} in {folder}")
    records = list(_recorded(folder, _METRICS))
    measured = _both(records, read_baselines(folder))
    failures = [check for one in _recorded(folder, _VALIDATIONS) for check in failures_of(one, measured)]
    return Findings(measured.candidate, measured.baseline, tuple(failures))


def read_label(folder: Path) -> str:
    """The label of the candidate that the evaluation in a ModelEvaluation artifact's `folder` used; "" if none is told.

    Raises:
        FileNotFoundError: there is no evaluation in the folder.
    """
    return next((str(spec.get("labelKey", "")) for spec in _models(folder) if not spec.get("isBaseline")), "")


def read_baselines(folder: Path) -> set[str]:
    """The names, in the evaluation in a ModelEvaluation artifact's `folder`, of the models compared with.

    Raises:
        FileNotFoundError: there is no evaluation in the folder.
    """
    return {str(spec.get("name", "")) for spec in _models(folder) if spec.get("isBaseline")}


def _models(folder: Path) -> list[dict[str, Any]]:
    with reading(folder / CONFIG_FILE):
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = config.get("evalConfig", {}).get("modelSpecs", [])
    return found


def _recorded(folder: Path, kind: str, message: Any = None) -> Iterator[Any]:
    message = message or message_class(*_MESSAGES[kind])
    for path in sorted(folder.glob(f"{kind}*.tfrecord")):
        with reading(path):
            records = list(map(message.FromString, read_records(path)))
        yield from records


def _both(records: Sequence["metrics_for_slice_pb2.MetricsForSlice"], baselines: Collection[str]) -> Measured:
    return Measured(
        candidate=_metrics(pair for pair in _measured(records) if pair[1].key.model_name not in baselines),
        baseline=_metrics(pair for pair in _measured(records) if pair[1].key.model_name in baselines),
    )


def _measured(
    records: Iterable["metrics_for_slice_pb2.MetricsForSlice"],
) -> Iterator[tuple[Slice, "metrics_for_slice_pb2.MetricKeyAndValue"]]:
    """What is a number, of either model, by slice."""
    for record in records:
        if record.HasField("slice_key"):
            for pair in record.metric_keys_and_values:
                if is_number(pair.value) and not pair.key.is_diff:
                    yield slice_of(record.slice_key), pair


def _metrics(measured: Iterable[tuple[Slice, "metrics_for_slice_pb2.MetricKeyAndValue"]]) -> dict[Slice, Metrics]:
    found: dict[Slice, dict[str, float | None]] = defaultdict(dict)
    for key, pair in measured:
        found[key][metric_name(pair.key)] = number(pair.value)
    return {
        key: {name: meaningful(name, value, metrics.get(MEAN_LABEL)) for name, value in sorted(metrics.items())}
        for key, metrics in found.items()
    }
