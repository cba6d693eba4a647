"""Reads OpenLineage's events back strictly, by the classes that openlineage-python generates of the published schemas.

Nothing is let through that these do not have: unknown fields, missing ones, values of another type, facets under
another key, other schemas' URLs, times without a zone.
"""

import json
import re
import types
import typing
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import attr
from openlineage.client import facet_v2 as v2
from openlineage.client.event_v2 import RunEvent

KEYS: dict[type, dict[str, type]] = {
    v2.RunFacet: {
        "parent": v2.parent_run.ParentRunFacet,
        "nominalTime": v2.nominal_time_run.NominalTimeRunFacet,
        "processing_engine": v2.processing_engine_run.ProcessingEngineRunFacet,
        "executionParameters": v2.execution_parameters_run.ExecutionParametersRunFacet,
        "errorMessage": v2.error_message_run.ErrorMessageRunFacet,
        "tags": v2.tags_run.TagsRunFacet,
    },
    v2.JobFacet: {
        "jobType": v2.job_type_job.JobTypeJobFacet,
        "documentation": v2.documentation_job.DocumentationJobFacet,
        "sourceCode": v2.source_code_job.SourceCodeJobFacet,
        "sourceCodeLocation": v2.source_code_location_job.SourceCodeLocationJobFacet,
    },
    v2.DatasetFacet: {
        "schema": v2.schema_dataset.SchemaDatasetFacet,
        "version": v2.dataset_version_dataset.DatasetVersionDatasetFacet,
        "datasetType": v2.dataset_type_dataset.DatasetTypeDatasetFacet,
        "dataQualityMetrics": v2.data_quality_metrics_dataset.DataQualityMetricsDatasetFacet,
        "columnLineage": v2.column_lineage_dataset.ColumnLineageDatasetFacet,
        "tags": v2.tags_dataset.TagsDatasetFacet,
    },
    v2.InputDatasetFacet: {
        "dataQualityMetrics": v2.data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet,
        "inputStatistics": v2.input_statistics_input_dataset.InputStatisticsInputDatasetFacet,
    },
    v2.OutputDatasetFacet: {
        "outputStatistics": v2.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,
    },
}
URIS = {"producer", "_producer", "schemaURL", "_schemaURL", "url"}
TIMES = {"eventTime", "nominalStartTime", "nominalEndTime", "lastUpdated", "captureDate"}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class NotValidError(Exception):
    """Something in an event is not as the schemas have it."""


def read_event(line: str) -> RunEvent:
    """The event that a line holds."""

    def refuse(constant: str) -> None:
        raise NotValidError(f"{constant} is no JSON")

    event = structured(json.loads(line, parse_constant=refuse), RunEvent, "event")
    assert isinstance(event, RunEvent)
    return event


def structured(value: Any, kind: Any, where: str) -> Any:
    """A value of JSON as what a class or an annotation asks for."""
    if attr.has(kind):
        return _instance(value, kind, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        [one] = [argument for argument in arguments if argument is not type(None)]
        return structured(value, one, where)
    if origin is list:
        _check(isinstance(value, list), where, kind)
        return [structured(one, arguments[0], f"{where}[{place}]") for place, one in enumerate(value)]
    if origin is dict:
        _check(isinstance(value, dict), where, kind)
        return {key: structured(one, _of_key(key, arguments[1], where), f"{where}.{key}") for key, one in value.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        _check(value in {one.value for one in kind}, where, kind)
        return kind(value)
    _check(kind in (str, int, float, bool), where, "a known type")
    accepted = (int, float) if kind is float else kind
    _check(isinstance(value, accepted) and (kind is bool or not isinstance(value, bool)), where, kind)
    return value


def _instance(value: Any, kind: Any, where: str) -> Any:
    _check(isinstance(value, Mapping), where, kind)
    fields = {one.name: one for one in attr.fields(kind)}
    _check(value.keys() <= fields.keys(), where, f"no {sorted(value.keys() - fields.keys())}")
    hints = _hints(kind)
    given = {}
    for name, field in fields.items():
        if name not in value:
            _check(field.default is not attr.NOTHING, where, f"{name}")
            continue
        found = structured(value[name], hints[name], f"{where}.{name}")
        if name in TIMES:
            _check(RFC3339.fullmatch(found), f"{where}.{name}", "a time with its zone")
        if name in URIS:
            _check(urlsplit(found).scheme, f"{where}.{name}", "a URI")
        if field.init:
            given[field.alias] = found
        else:
            _check(found == kind._get_schema(), f"{where}.{name}", kind._get_schema())
    if issubclass(kind, v2.BaseFacet | RunEvent):
        prefix = "_" if issubclass(kind, v2.BaseFacet) else ""
        _check({f"{prefix}producer", f"{prefix}schemaURL"} <= value.keys(), where, "a producer and a schema")
    return kind(**given)  # its own validators look at the values


def _of_key(key: str, kind: Any, where: str) -> Any:
    """What must stand under a key: a facet is known by its own."""
    if kind not in KEYS:
        return kind
    _check(key in KEYS[kind], f"{where}.{key}", f"one of {sorted(KEYS[kind])}")
    return KEYS[kind][key]


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _check(holds: object, where: str, asked: object) -> None:
    if not holds:
        raise NotValidError(f"{where}: asked for {asked}")
