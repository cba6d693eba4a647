"""The check's work: serves the model, asks it, and blesses it or says why not."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.utils import path_utils

from components.infra_check.answers import answers, compare
from components.infra_check.served_model import NotServedError, ServedModel
from components.infra_check.training_predictions import Known, TrainingPredictions, known_examples
from headrace.acceleration.example_reading import read_records, split_files
from headrace.contents.serving_check import REASON, ServingCheck
from headrace.contents.splits import split_folders
from headrace.errors import InputDataError

ArtifactMap = dict[str, list[Artifact]]
_ROWS = 1000  # read at once


class Executor(BaseExecutor):
    """Blesses a model that answers as it should."""

    def Do(self, input_dict: ArtifactMap, output_dict: ArtifactMap, exec_properties: dict[str, Any]) -> None:
        """Checks the model, and writes the verdict.

        Raises:
            InputDataError: there are no examples to send, or no predictions of training among them.
        """
        model = get_single_instance(input_dict["model"])
        folder = path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model))
        limits = exec_properties["seconds"], exec_properties["memory_mb"]
        # Its process is forked here: before this one runs an op of TensorFlow's.
        with ServedModel(folder, exec_properties["signature"], *limits) as served:
            examples, split = input_dict["examples"], exec_properties["split"]
            sent = list(islice(chain.from_iterable(_records(examples, split)), exec_properties["requests"]))
            if not sent:
                raise InputDataError(f"the split {split!r} has no examples to send", where=examples[0].uri)
            known = _known(input_dict, _records(examples, split))
            check = _checked(served, sent, known, exec_properties["tolerance"])
        logging.info("%s", check.text)
        blessing = get_single_instance(output_dict["blessing"])
        check.write(Path(blessing.uri))
        blessing.set_int_custom_property("blessed", int(check.blessed))
        if check.reason:
            blessing.set_string_custom_property(REASON, check.reason)


def _checked(served: ServedModel, sent: Sequence[bytes], known: Known | None, tolerance: float) -> ServingCheck:
    try:
        served.load()
        found = answers(served, sent, tolerance)
        difference = compare(served, known.examples, known.expected, tolerance) if known else None
    except NotServedError as error:
        return ServingCheck(blessed=False, reason=str(error), peak_mb=served.peak_mb)
    return ServingCheck(
        blessed=True,
        requests=found.requests,
        examples=len(sent),
        milliseconds_alone=found.milliseconds_alone,
        milliseconds_batch=found.milliseconds_batch,
        peak_mb=served.peak_mb,
        compared=len(known.examples) if known else None,
        largest_difference=difference,
    )


def _known(inputs: ArtifactMap, records: Iterable[list[bytes]]) -> Known | None:
    if not inputs.get("model_run"):
        return None
    recorded = TrainingPredictions.read(Path(get_single_instance(inputs["model_run"]).uri))
    return known_examples(recorded, Path(get_single_instance(inputs["transform_graph"]).uri), records)


def _records(examples: Sequence[Artifact], split: str) -> Iterator[list[bytes]]:
    """Serialized examples of the split, some at once."""
    for artifact in examples:
        folders = split_folders(Path(artifact.uri))
        if split not in folders:
            known = ", ".join(folders)
            raise InputDataError(f"the examples have no split {split!r}", where=artifact.uri, why=f"they have {known}")
        for file in split_files(folders[split]):
            yield from read_records(file, _ROWS)
