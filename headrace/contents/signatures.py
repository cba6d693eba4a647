"""What a SavedModel can be asked: its signatures, read without TensorFlow."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.contents.damage import reading
from headrace.contents.saved_model import FILE_NAME, SavedGraph

SERVED = "Format-Serving"  # the folder of a Model artifact that holds the model to serve
_OF_LOADING = "__saved_model_init_op"  # a signature that TensorFlow adds for itself


@dataclass(frozen=True)
class Signature:
    """A signature, its inputs and outputs each as "name: type [shape]"; None in a shape is any size."""

    signature: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_signatures(folder: Path) -> tuple[Signature, ...]:
    """The signatures of the SavedModel below a Model artifact's `folder`, or in it, by name.

    Raises:
        FileNotFoundError: there is no SavedModel.
        ValueError: it is damaged.
    """
    place = folder / SERVED if (folder / SERVED / FILE_NAME).exists() else folder
    graph = SavedGraph(place)
    with reading(place / FILE_NAME):
        return tuple(
            Signature(name, _tensors(one.inputs), _tensors(one.outputs))
            for name, one in sorted(graph.meta.signature_def.items())
            if name != _OF_LOADING
        )


def _tensors(named: Any) -> tuple[str, ...]:
    return tuple(f"{name}: {_type(tensor)} [{_shape(tensor)}]" for name, tensor in sorted(named.items()))


def _type(tensor: Any) -> str:
    kinds = tensor.DESCRIPTOR.fields_by_name["dtype"].enum_type
    return str(kinds.values_by_number[tensor.dtype].name).removeprefix("DT_").lower()


def _shape(tensor: Any) -> str:
    if tensor.tensor_shape.unknown_rank:
        return "..."
    return ", ".join(str(one.size) if one.size >= 0 else "None" for one in tensor.tensor_shape.dim)
