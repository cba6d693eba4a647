"""Asks ML Metadata what only it knows: when the last model was made, and of which rows.

An executor has no access to the store, a driver has. What it finds becomes a parameter of the
execution, so a decision is taken from the cache only where the facts are the same.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from tfx.dsl.components.base.base_driver import BaseDriver as ComponentDriver
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable.base_driver import BaseDriver
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration.driver_output_pb2 import DriverOutput
from tfx.types import Artifact

from components.drift_monitor.references import examples_of
from components.retrain_trigger.reasons import Facts
from headrace.metadata import MetadataStore
from headrace.metadata import properties as names
from headrace.metadata.graph import GraphReader

FACTS = "facts"  # the parameter's name


class Driver(ComponentDriver, BaseDriver):
    """Finds the facts. Components take drivers of one kind, launchers run those of the other: this is both."""

    def __init__(self, mlmd_connection: Metadata) -> None:
        BaseDriver.__init__(self, mlmd_connection)

    def run(self, execution_info: ExecutionInfo) -> DriverOutput:
        """Puts them into the parameters."""
        inputs = execution_info.input_dict
        with self._mlmd_connection as connection:
            facts = facts_of(MetadataStore(connection.store), inputs.get("model", []), inputs["examples"])
        output = DriverOutput()
        output.exec_properties[FACTS].string_value = facts.to_json()
        return output


def facts_of(store: MetadataStore, models: Sequence[Artifact], examples: Sequence[Artifact]) -> Facts:
    """What is recorded of the newest of some models, and of examples that it was or was not trained on."""
    model = store.artifact(max(one.id for one in models)) if models else None
    if model is None:
        return Facts()
    trained_on = examples_of(store, model.id)
    rows, unknown = 0, []
    for one in examples:
        if one.id not in trained_on:
            found = _rows(store, one.id)
            rows += found or 0
            unknown += [] if found is not None else [f"no node recorded the rows of Examples {one.id}"]
    age = (datetime.now(UTC) - model.created).days
    return Facts(model.id, age, None if unknown else rows, "; ".join(unknown))


def _rows(store: MetadataStore, examples: int) -> int | None:
    """Rows of all splits, as the node that made the examples or one that took statistics of them recorded it."""
    reader = GraphReader(store)
    reader.add_producers([examples])
    reader.add_findings([examples], ("ExampleStatistics",))
    graph = reader.graph(named=False)
    producer = graph.producer(examples)
    readers = [one for one in graph.consumers(examples) if one.type.endswith("StatisticsGen")]
    for execution in ([producer] if producer else []) + readers:
        if recorded := execution.properties.get(names.ROWS):
            return int(sum(json.loads(str(recorded)).values()))
    return None
