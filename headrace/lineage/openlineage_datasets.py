"""What executions read and made, as OpenLineage's datasets.

A dataset is the place that all executions of a node write to; which of them wrote what is there is its version, the
artifact's id. Examples are a dataset for each split. An execution reads all splits of what it was given: which of
them it looked at is not recorded.
"""

from collections.abc import Iterable

from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    InputDatasetFacet,
    OutputDatasetFacet,
    dataset_type_dataset,
    dataset_version_dataset,
    input_statistics_input_dataset,
    output_statistics_output_dataset,
    tags_dataset,
)

from headrace.contents.splits import PREFIX
from headrace.lineage.evaluations import PUSHED, push_of
from headrace.lineage.input_data import EXAMPLES, InputData, InputFile, input_data, split_names
from headrace.lineage.openlineage_examples import ExamplesFacets
from headrace.lineage.openlineage_names import PRODUCER, DatasetId, output_place, recorded, time_text
from headrace.lineage.trace import IMPORTER, MODEL
from headrace.metadata.graph import Graph
from headrace.metadata.records import LIVE, Artifact, Execution

_FILE, _MODEL = "FILE", "MODEL"  # OpenLineage's types of datasets
_SOURCE = "TFX"  # of tags
_SCHEMA_FILE = "schema_file"  # the parameter of an ImportSchemaGen
# Properties that say nothing about the data.
_OF_TFX = frozenset({"split_names", "is_external", "tfx_version", "stats_dashboard_link"})


class Datasets:
    """The datasets of a graph's artifacts."""

    def __init__(self, graph: Graph) -> None:
        """Takes the records, which must have the producers of all that is asked for."""
        self._graph = graph
        self._from_outside = {data.artifact: data for data in input_data(graph)}
        self._examples = {one.id: ExamplesFacets(one, graph) for one in graph.of_type(EXAMPLES)}

    def read_by(self, execution: Execution) -> list[InputDataset]:
        """What an execution read: artifacts, and files from outside. An Importer reads what it hands on."""
        artifacts = _flat(self._graph.inputs(execution.id))
        made = _flat(self._graph.outputs(execution.id))
        found = [one for artifact in artifacts for one in self._inputs(artifact, execution)]
        if execution.type == IMPORTER:
            found += [one for artifact in made for one in self._inputs(artifact, execution)]
        found += [one for artifact in made for one in _files(self._from_outside.get(artifact.id))]
        if file := execution.properties.get(_SCHEMA_FILE):
            dataset = DatasetId.at(str(file))
            facets = recorded(_facets_of(None, _FILE, None))
            found.append(InputDataset(dataset.namespace, dataset.name, facets=facets))
        return found

    def made_by(self, execution: Execution) -> list[OutputDataset]:
        """What an execution made, or took from the cache."""
        if execution.type == IMPORTER:
            return []
        artifacts = _flat(self._graph.outputs(execution.id))
        return [one for artifact in artifacts for one in self._outputs(artifact, execution)]

    def _inputs(self, artifact: Artifact, execution: Execution) -> list[InputDataset]:
        found = []
        examples = self._examples.get(artifact.id)
        for dataset, split in self._parts(artifact):
            own: dict[str, InputDatasetFacet | None] = {
                "dataQualityMetrics": examples.found_by(execution, split) if examples else None
            }
            facets = self._facets(artifact, split)
            found.append(InputDataset(dataset.namespace, dataset.name, recorded(own), facets=facets))
        return found

    def _outputs(self, artifact: Artifact, execution: Execution) -> list[OutputDataset]:
        producer = self._graph.producer(artifact.id)
        is_new = producer is not None and producer.id == execution.id
        examples = self._examples.get(artifact.id)
        found = []
        for dataset, split in self._parts(artifact):
            rows = examples.rows.get(split) if examples and is_new else None
            own: dict[str, OutputDatasetFacet | None] = {
                "outputStatistics": None
                if rows is None
                else output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rows, producer=PRODUCER)
            }
            facets = self._facets(artifact, split)
            found.append(OutputDataset(dataset.namespace, dataset.name, recorded(own), facets=facets))
        if is_new and artifact.type == PUSHED and (served := self._served(artifact)):
            found.append(served)
        return found

    def _parts(self, artifact: Artifact) -> list[tuple[DatasetId, str]]:
        """The datasets of an artifact: one for each split of Examples, else one."""
        place = self._place(artifact)
        splits = split_names(artifact) if artifact.type == EXAMPLES else []
        return [(place.below(f"{PREFIX}{split}"), split) for split in splits] or [(place, "")]

    def _place(self, artifact: Artifact) -> DatasetId:
        producer = self._graph.producer(artifact.id)
        for key, made in self._graph.outputs(producer.id).items() if producer else ():
            if producer and artifact in made:
                return DatasetId.at(output_place(artifact.uri, key, producer.id))
        return DatasetId.at(artifact.uri)

    def _facets(self, artifact: Artifact, split: str) -> dict[str, DatasetFacet]:
        kind = _MODEL if artifact.type in (MODEL, PUSHED) else _FILE
        known = {name: value for name, value in artifact.properties.items() if name not in _OF_TFX and value != ""}
        tags = {"uri": artifact.uri, **known} | ({} if artifact.state == LIVE else {"state": artifact.state})
        examples = self._examples.get(artifact.id)
        return recorded(
            {
                **_facets_of(str(artifact.id), kind, artifact.type),
                "tags": _tags({name: str(value) for name, value in tags.items()}),
                **(examples.of_split(split, self._raw(examples, split)) if examples else {}),
            }
        )

    def _raw(self, examples: ExamplesFacets, split: str) -> list[DatasetId]:
        parts = [part for artifact in examples.raw() for part in self._parts(artifact)]
        return list(dict.fromkeys(dataset for dataset, its in parts if its == split))

    def _served(self, artifact: Artifact) -> OutputDataset | None:
        """The folder that a model server reads, whose versions are the models in it."""
        destination = push_of(artifact, self._graph).destination
        if destination is None:
            return None
        place, _, version = destination.rstrip("/").rpartition("/")
        dataset = DatasetId.at(place)
        facets = {**_facets_of(version, _MODEL, artifact.type), "tags": _tags({"uri": destination})}
        return OutputDataset(dataset.namespace, dataset.name, facets=recorded(facets))


def _files(data: InputData | None) -> list[InputDataset]:
    """The files that an ExampleGen read; the folder they were in, where their names were not recorded."""
    if data is None:
        return []
    if any(split.files is not None for split in data.splits):
        files = {file.path: file for split in data.splits for file in split.files or ()}
        return [_file(file) for file in files.values()]
    if data.base is None:
        return []
    its = {split.pattern: split for split in data.splits}.values()  # splits of one pattern are of the same files
    statistics = _input_statistics(_total(one.bytes for one in its), _total(one.file_count for one in its))
    dataset = DatasetId.at(data.base)
    facets = _facets_of(None, _FILE, None)
    return [InputDataset(dataset.namespace, dataset.name, statistics, facets=recorded(facets))]


def _file(file: InputFile) -> InputDataset:
    dataset = DatasetId.at(file.path)
    facets = _facets_of(time_text(file.modified), _FILE, None)
    return InputDataset(dataset.namespace, dataset.name, _input_statistics(file.bytes, 1), facets=recorded(facets))


def _input_statistics(size: int | None, files: int | None) -> dict[str, InputDatasetFacet]:
    facet = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
        size=size, fileCount=files, producer=PRODUCER
    )
    return {"inputStatistics": facet}


def _total(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return sum(one for one in known if one is not None) if known and None not in known else None


def _facets_of(version: str | None, kind: str, sub_type: str | None) -> dict[str, DatasetFacet | None]:
    return {
        "version": dataset_version_dataset.DatasetVersionDatasetFacet(version, producer=PRODUCER) if version else None,
        "datasetType": dataset_type_dataset.DatasetTypeDatasetFacet(kind, sub_type, producer=PRODUCER),
    }


def _tags(values: dict[str, str]) -> DatasetFacet:
    fields = [tags_dataset.TagsDatasetFacetFields(key, value, _SOURCE) for key, value in sorted(values.items())]
    return tags_dataset.TagsDatasetFacet(fields, producer=PRODUCER)


def _flat(by_key: dict[str, list[Artifact]]) -> list[Artifact]:
    return list({one.id: one for many in by_key.values() for one in many}.values())
