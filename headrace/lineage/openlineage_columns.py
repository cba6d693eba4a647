"""OpenLineage's facets about columns: which there are, what is in them, what they are made of."""

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    data_quality_metrics_dataset,
    data_quality_metrics_input_dataset,
    schema_dataset,
)

from headrace.contents.schema import read_schema
from headrace.contents.statistics import FeatureStatistics, SplitStatistics, read_statistics
from headrace.contents.transform_graph import TransformedFeature, read_transform_graph
from headrace.lineage.openlineage_names import PRODUCER, DatasetId, time_text

TRANSFORMED_METADATA = "transformed_metadata"  # below a TransformGraph artifact's folder, with the schema it makes
_DIRECT, _TRANSFORMATION = "DIRECT", "TRANSFORMATION"  # OpenLineage's words: the value is made of the column's value
ColumnMetrics = TypeVar("ColumnMetrics")


def schema_of_statistics(statistics: SplitStatistics) -> schema_dataset.SchemaDatasetFacet:
    """The columns that were found in a split."""
    fields = [
        schema_dataset.SchemaDatasetFacetFields(one.name, one.type, ordinal_position=place)
        for place, one in enumerate(statistics.features.values(), start=1)
    ]
    return schema_dataset.SchemaDatasetFacet(fields, producer=PRODUCER)


def schema_of_file(folder: Path) -> schema_dataset.SchemaDatasetFacet | None:
    """The columns that the schema in a folder asks for; None where it cannot be read any more."""
    try:
        features = read_schema(folder)
    except (OSError, ValueError):
        return None
    fields = [
        schema_dataset.SchemaDatasetFacetFields(one.name, one.type, one.domain or None, ordinal_position=place)
        for place, one in enumerate(features, start=1)
    ]
    return schema_dataset.SchemaDatasetFacet(fields, producer=PRODUCER)


def statistics_at(folder: Path) -> dict[str, SplitStatistics]:
    """The statistics in a folder by split; empty where they cannot be read any more."""
    try:
        return read_statistics(folder)
    except (OSError, ValueError):
        return {}


def quality(
    statistics: SplitStatistics, captured: datetime
) -> data_quality_metrics_dataset.DataQualityMetricsDatasetFacet:
    """What the statistics of a split say of it, as a fact about the dataset.

    Args:
        statistics: of the split.
        captured: when they were made.
    """
    metrics = {
        name: _metrics(one, data_quality_metrics_dataset.ColumnMetrics) for name, one in statistics.features.items()
    }
    return data_quality_metrics_dataset.DataQualityMetricsDatasetFacet(
        metrics, rowCount=statistics.examples, captureDate=time_text(captured), producer=PRODUCER
    )


def evaluated_quality(
    statistics: SplitStatistics,
) -> data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet:
    """The same, as what the node found out that made the statistics."""
    metrics = {
        name: _metrics(one, data_quality_metrics_input_dataset.ColumnMetrics)
        for name, one in statistics.features.items()
    }
    return data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
        metrics, rowCount=statistics.examples, producer=PRODUCER
    )


def transformed_features(folder: Path) -> list[TransformedFeature]:
    """The features that a TransformGraph makes; empty where it cannot be read any more."""
    try:
        return read_transform_graph(folder)
    except (OSError, ValueError, ModuleNotFoundError):
        return []


def column_lineage(
    features: Iterable[TransformedFeature], raw: Iterable[DatasetId]
) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    """Of which raw columns each feature is made, and by which analyzers.

    Args:
        features: of the transformed examples.
        raw: the examples that were transformed.
    """
    places = list(raw)
    fields = {}
    for feature in features:
        analyzers = ", ".join(one.name for one in feature.analyzers) or None
        # A column alone, in which no analyzer had a part, may have been taken as it is: that is not known.
        subtype = _TRANSFORMATION if analyzers or len(feature.columns) > 1 else None
        inputs = [
            column_lineage_dataset.InputField(
                place.namespace,
                place.name,
                column,
                [column_lineage_dataset.Transformation(_DIRECT, subtype, analyzers)],
            )
            for place in places
            for column in feature.columns
        ]
        fields[feature.name] = column_lineage_dataset.Fields(inputs)
    return column_lineage_dataset.ColumnLineageDatasetFacet(fields, producer=PRODUCER)


def _metrics(feature: FeatureStatistics, make: Callable[..., ColumnMetrics]) -> ColumnMetrics:
    numeric, text = feature.numeric, feature.text
    quantiles = {}
    if numeric:
        count = len(numeric.quantiles)
        quantiles = {f"{place / count:.4g}": one.high for place, one in enumerate(numeric.quantiles, start=1)}
        quantiles["0.5"] = numeric.median
    return make(
        nullCount=feature.missing,
        distinctCount=text.unique if text else None,
        count=feature.values,
        min=_finite(numeric.min) if numeric else None,
        max=_finite(numeric.max) if numeric else None,
        # JSON has no infinity and no NaN.
        quantiles={name: value for name, value in quantiles.items() if math.isfinite(value)},
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
