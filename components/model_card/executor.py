"""The card's work: makes pages of what the driver was told."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact
from tfx.types.artifact_utils import get_single_instance

from components.model_card.driver import CARD
from headrace.contents.model_card import ModelCard
from headrace.display.model_card import write_card

ArtifactMap = dict[str, list[Artifact]]


class Executor(BaseExecutor):
    """Writes the pages."""

    def Do(self, input_dict: ArtifactMap, output_dict: ArtifactMap, exec_properties: dict[str, Any]) -> None:
        """Writes card.html, card.md and its pictures."""
        card = TypeAdapter(ModelCard).validate_json(exec_properties[CARD])
        write_card(card, Path(get_single_instance(output_dict["card"]).uri))
