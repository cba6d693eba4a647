"""What is known of Examples, split by split: their columns, what is in them, what they were transformed from."""

from collections.abc import Mapping
from pathlib import Path

from openlineage.client.facet_v2 import DatasetFacet, InputDatasetFacet

from headrace.contents.statistics import SplitStatistics
from headrace.lineage.input_data import EXAMPLES, STATISTICS, is_of_all_rows, rows_of
from headrace.lineage.openlineage_columns import (
    TRANSFORMED_METADATA,
    column_lineage,
    evaluated_quality,
    quality,
    schema_of_file,
    schema_of_statistics,
    statistics_at,
    transformed_features,
)
from headrace.lineage.openlineage_names import DatasetId
from headrace.lineage.trace import SCHEMA, TRANSFORM
from headrace.metadata.graph import Graph
from headrace.metadata.records import Artifact, Execution


class ExamplesFacets:
    """The facets of one Examples artifact."""

    def __init__(self, examples: Artifact, graph: Graph) -> None:
        """Takes the artifact and the records around it: what made it, and the statistics of it."""
        self._graph = graph
        self._producer = graph.producer(examples.id)
        self._consumers = graph.consumers(examples.id)
        self.rows: Mapping[str, int] = rows_of(examples, graph)
        self._statistics = self._of_all_rows()
        self._by_split: dict[str, SplitStatistics] = (
            statistics_at(Path(self._statistics.uri)) if self._statistics else {}
        )
        self._transform = next((one for one in self._siblings() if one.type == TRANSFORM), None)
        self._features = transformed_features(Path(self._transform.uri)) if self._transform else []

    def raw(self) -> list[Artifact]:
        """The Examples that these were transformed from; empty where no transform graph was made with them."""
        if self._producer is None or not self._features:
            return []
        inputs = self._graph.inputs(self._producer.id)
        return [one for many in inputs.values() for one in many if one.type == EXAMPLES]

    def of_split(self, split: str, raw: list[DatasetId]) -> dict[str, DatasetFacet | None]:
        """The facets of a split.

        Args:
            split: its name.
            raw: the same split of the examples that it was transformed from.
        """
        found = self._by_split.get(split)
        captured = self._statistics.created if self._statistics else None
        return {
            "schema": self._schema(found),
            "dataQualityMetrics": quality(found, captured) if found and captured else None,
            "columnLineage": column_lineage(self._features, raw) if raw else None,
        }

    def found_by(self, execution: Execution, split: str) -> InputDatasetFacet | None:
        """What an execution found out about a split: the statistics, if it made them."""
        if self._statistics is None or split not in self._by_split:
            return None
        maker = self._graph.producer(self._statistics.id)
        return evaluated_quality(self._by_split[split]) if maker and maker.id == execution.id else None

    def _schema(self, found: SplitStatistics | None) -> DatasetFacet | None:
        """What is there, else what a transform graph makes, else what a schema asks for that was read beside it."""
        if found:
            return schema_of_statistics(found)
        if self._transform:
            return schema_of_file(Path(self._transform.uri) / TRANSFORMED_METADATA)
        for consumer in self._consumers:
            for schema in (one for many in self._graph.inputs(consumer.id).values() for one in many):
                if schema.type == SCHEMA and (facet := schema_of_file(Path(schema.uri))):
                    return facet
        return None

    def _of_all_rows(self) -> Artifact | None:
        for consumer in self._consumers:
            for one in (one for many in self._graph.outputs(consumer.id).values() for one in many):
                if one.type == STATISTICS and is_of_all_rows(one):
                    return one
        return None

    def _siblings(self) -> list[Artifact]:
        outputs = self._graph.outputs(self._producer.id) if self._producer else {}
        return [one for many in outputs.values() for one in many]
