"""What the card says: asked of ML Metadata in the orchestrator, which owns the store."""

from pydantic import TypeAdapter
from tfx.dsl.components.base.base_driver import BaseDriver
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration.driver_output_pb2 import DriverOutput
from tfx.types.artifact_utils import get_single_instance

from headrace.contents.model_card import Author, ModelCard
from headrace.lineage import Lineage
from headrace.metadata import MetadataStore

CARD = "card"  # the parameter that the executor is given; as one, it is part of the cache key


class Driver(BaseDriver):
    """Asks for the model's card, and hands it to the executor, whichever store the pipeline keeps its records in."""

    def run(self, execution_info: ExecutionInfo) -> DriverOutput:
        """Puts the card among the parameters: a new card is made where anything in it has changed.

        Raises:
            UnknownNameError: the evaluation is of another model.
        """
        inputs, given = execution_info.input_dict, execution_info.exec_properties
        model = get_single_instance(inputs["model"])
        evaluation = get_single_instance(inputs["evaluation"]).id if inputs.get("evaluation") else None
        author = Author(given["title"], given["owner"], given["intended_use"], given["limits"])
        with self._metadata_handle as connection:
            lineage = Lineage(MetadataStore(connection.store))
            card = lineage.card(model.id, author, evaluation=evaluation, smallest_slice=given["smallest_slice"])
        output = DriverOutput()
        output.exec_properties[CARD].string_value = TypeAdapter(ModelCard).dump_json(card).decode()
        return output
