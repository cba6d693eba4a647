"""The thresholds a model was held against: those that failed and those that held.

TFMA records failures only. What held is worked out from its configuration and its
metrics, by TFMA's own rules for which slices a threshold is for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from headrace.contents.metrics import (
    EXAMPLE_COUNT,
    MEAN_LABEL,
    Metrics,
    Slice,
    meaningful,
    metric_name,
    number,
    slice_of,
    slice_text,
)

if TYPE_CHECKING:
    from tensorflow_model_analysis.proto import config_pb2, metrics_for_slice_pb2, validation_result_pb2

    _Threshold: TypeAlias = config_pb2.GenericValueThreshold | config_pb2.GenericChangeThreshold
    _Sliced: TypeAlias = metrics_for_slice_pb2.MetricsForSlice | validation_result_pb2.MetricsValidationForSlice

ANY_VALUE = "(any)"  # stands for a slice's value where every value of the feature is meant
BASELINE = "against the baseline model"


@dataclass(frozen=True)
class Check:
    """One threshold, held against one metric of one slice."""

    slice: Slice
    metric: str
    measured: float | None  # for a change, candidate minus baseline; None: not measured, or without meaning
    bound: str  # "at least 0.92", "change of at least -0.003 against the baseline model"
    held: bool
    is_change: bool = False


@dataclass(frozen=True)
class Measured:
    """The metrics by slice that an evaluation has for the candidate and, where there is one, for the baseline."""

    candidate: Mapping[Slice, Metrics]
    baseline: Mapping[Slice, Metrics]


def checks_of(
    validation: "validation_result_pb2.ValidationResult",
    config: "config_pb2.EvalConfig",
    records: Iterable["metrics_for_slice_pb2.MetricsForSlice"],
    measured: Measured,
) -> tuple[Check, ...]:
    """Every check of a validation, failures first.

    Args:
        validation: TFMA's result.
        config: the configuration of that evaluation.
        records: its metrics as TFMA recorded them.
        measured: the same metrics, as plain numbers.
    """
    checks = list(failures_of(validation, measured))
    seen = {_identity(record, key, threshold) for record, key, _, threshold in _failed(validation)}
    for record, key, value, threshold in _thresholds(config, records):
        identity = _identity(record, key, threshold)
        if identity not in seen:
            seen.add(identity)  # several slicing specs may ask the same of one slice
            checks.append(_check(record, key, value, threshold, measured, held=True))
    return tuple(checks)


def failures_of(validation: "validation_result_pb2.ValidationResult", measured: Measured) -> Iterator[Check]:
    """The checks of a validation that failed: what TFMA records of it. Imports nothing of TFMA's.

    Args:
        validation: TFMA's result.
        measured: the metrics that it validated, as plain numbers.
    """
    yield from _missing(validation)
    for record, key, value, threshold in _failed(validation):
        yield _check(record, key, value, threshold, measured, held=False)


def _failed(
    validation: "validation_result_pb2.ValidationResult",
) -> Iterator[
    tuple[
        "validation_result_pb2.MetricsValidationForSlice",
        "metrics_for_slice_pb2.MetricKey",
        "metrics_for_slice_pb2.MetricValue",
        "_Threshold",
    ]
]:
    for record in validation.metric_validations_per_slice:
        for failure in record.failures:
            limits = failure.metric_threshold
            threshold = limits.value_threshold if limits.HasField("value_threshold") else limits.change_threshold
            yield record, failure.metric_key, failure.metric_value, threshold


def _missing(validation: "validation_result_pb2.ValidationResult") -> Iterator[Check]:
    """Slices, and pairs of slices, with a threshold of their own in which no example fell."""
    for spec in validation.missing_slices:
        yield Check(_asked_for(spec), EXAMPLE_COUNT, 0.0, "at least 1", held=False)
    # TFMA 0.52 says this of every threshold across slices, held or not: its count of slices leaves pairs out.
    for cross in validation.missing_cross_slices:
        others = " or ".join(slice_text(_asked_for(spec)) for spec in cross.slicing_specs)
        yield Check(_asked_for(cross.baseline_spec), f"comparisons with {others}", 0.0, "at least 1", held=False)


def _asked_for(spec: "config_pb2.SlicingSpec") -> Slice:
    return (*((feature, ANY_VALUE) for feature in spec.feature_keys), *sorted(spec.feature_values.items()))


def _thresholds(
    config: "config_pb2.EvalConfig", records: Iterable["metrics_for_slice_pb2.MetricsForSlice"]
) -> Iterator[
    tuple[
        "metrics_for_slice_pb2.MetricsForSlice",
        "metrics_for_slice_pb2.MetricKey",
        "metrics_for_slice_pb2.MetricValue",
        "_Threshold",
    ]
]:
    """Each metric that was measured, with each threshold that is for it and its slice."""
    import tensorflow_model_analysis as tfma

    configured = tfma.metrics.metric_thresholds_from_metrics_specs(config.metrics_specs, eval_config=config)
    baselines = {spec.name for spec in config.model_specs if spec.is_baseline}
    # A lone model's metrics are recorded without its name, whatever the configuration calls it.
    thresholds = {
        key._replace(model_name=""): asked for key, asked in configured.items() if key.model_name not in baselines
    }
    for record in records:
        for pair in record.metric_keys_and_values:
            if pair.key.model_name in baselines:
                continue
            key = tfma.metrics.MetricKey.from_proto(pair.key)._replace(model_name="")
            for spec, threshold in thresholds.get(key, ()):
                if _applies(spec, record):
                    yield record, pair.key, pair.value, threshold


def _applies(
    spec: "config_pb2.SlicingSpec | config_pb2.CrossSlicingSpec | None",
    record: "metrics_for_slice_pb2.MetricsForSlice",
) -> bool:
    from tensorflow_model_analysis.proto import config_pb2
    from tensorflow_model_analysis.slicer import slicer_lib

    if record.HasField("cross_slice_key"):
        pair = slicer_lib.deserialize_cross_slice_key(record.cross_slice_key)
        return isinstance(spec, config_pb2.CrossSlicingSpec) and bool(slicer_lib.is_cross_slice_applicable(pair, spec))
    if spec is None:  # a threshold of the metric itself is for every slice
        return True
    key = slicer_lib.deserialize_slice_key(record.slice_key)
    whole = isinstance(spec, config_pb2.SlicingSpec)
    return whole and bool(slicer_lib.SingleSliceSpec(spec=spec).is_slice_applicable(key))


def _identity(record: "_Sliced", key: "metrics_for_slice_pb2.MetricKey", threshold: "_Threshold") -> tuple[bytes, ...]:
    where = record.cross_slice_key if record.HasField("cross_slice_key") else record.slice_key
    return tuple(message.SerializeToString(deterministic=True) for message in (where, key, threshold))


def _check(
    record: "_Sliced",
    key: "metrics_for_slice_pb2.MetricKey",
    value: "metrics_for_slice_pb2.MetricValue",
    threshold: "_Threshold",
    measured: Measured,
    *,
    held: bool,
) -> Check:
    name, found = metric_name(key), number(value)
    if record.HasField("cross_slice_key"):  # TFMA subtracts the comparison's metric from the baseline slice's
        of, less = slice_of(record.cross_slice_key.baseline_slice_key), record.cross_slice_key.comparison_slice_key
        return Check(of, f"{name} less that of {slice_text(slice_of(less))}", found, _bound(threshold, None), held)
    of = slice_of(record.slice_key)
    if key.is_diff:
        before = measured.baseline.get(of, {}).get(name)
        after = measured.candidate.get(of, {}).get(name)
        found = None if before is None or after is None else found
        return Check(of, name, found, _bound(threshold, before), held, is_change=True)
    mean_label = measured.candidate.get(of, {}).get(MEAN_LABEL)
    return Check(of, name, meaningful(name, found, mean_label), _bound(threshold, None), held)


def _bound(threshold: "_Threshold", before: float | None) -> str:
    """The threshold in words; `before` is the baseline model's value, for changes relative to it."""
    if threshold.DESCRIPTOR.name == "GenericValueThreshold":  # by name: its class may be another than TFMA's
        bounds = (("at least", "lower_bound"), ("at most", "upper_bound"))
        asked = [f"{w} {getattr(threshold, b).value:.6g}" for w, b in bounds if threshold.HasField(b)]
        return " and ".join(asked)
    directions = threshold.DESCRIPTOR.fields_by_name["direction"].enum_type.values_by_name
    least = "at most" if threshold.direction == directions["LOWER_IS_BETTER"].number else "at least"
    asked = []
    if threshold.HasField("absolute"):
        asked.append(f"{least} {threshold.absolute.value:.6g}")
    if threshold.HasField("relative"):
        share = threshold.relative.value
        value = "" if before is None else f" ({share * before:.6g})"
        asked.append(f"{least} {100 * share:.6g}%{value}")
    return f"change of {' and '.join(asked)} {BASELINE}"
