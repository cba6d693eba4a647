"""The life of the process that serves a model: it loads it, then answers requests until there are no more."""

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

# What TensorFlow says before it says what is wrong.
_GRAPH_ERROR = "<stack traces unavailable>"
Answer = dict[str, np.ndarray]  # the signature's outputs by name
Served = Callable[[list[bytes]], Answer]


@dataclass(frozen=True)
class Refused:
    """The model could not be loaded, or could not answer."""

    reason: str


class _CannotServeError(Exception):
    """The model loads, but not as something that takes serialized examples."""


def serve(connection: Connection, folder: str, signature: str) -> None:
    """Answers requests, which are lists of serialized tf.Examples; the first thing it is sent lets it load the model.

    Args:
        connection: to the other side. Something is sent once TensorFlow is up, and once the model is loaded.
        folder: of the SavedModel.
        signature: that answers.
    """
    # If memory runs out before the limit is reached, the kernel is to end this process rather than another.
    Path("/proc/self/oom_score_adj").write_text("1000")
    import tensorflow as tf

    tf.constant(0)  # TensorFlow starts its threads and pools with the first op: they are not the model's
    connection.send(None)
    connection.recv()
    try:
        served = _loaded(folder, signature)
        connection.send(None)
        while True:
            connection.send(served(connection.recv()))
    except EOFError:  # no more requests
        return
    except Exception as error:  # whatever the model raises
        connection.send(Refused(_reason(error)))


def _loaded(folder: str, signature: str) -> Served:
    import tensorflow as tf

    model = tf.saved_model.load(folder)
    if signature not in model.signatures:
        known = ", ".join(sorted(model.signatures)) or "none"
        raise _CannotServeError(f"it has no signature {signature!r}, but {known}")
    function = model.signatures[signature]
    _, inputs = function.structured_input_signature
    if [spec.dtype for spec in inputs.values()] != [tf.string]:
        takes = ", ".join(f"{name} ({spec.dtype.name})" for name, spec in inputs.items()) or "nothing"
        raise _CannotServeError(f"its signature {signature!r} takes {takes}, not one string: serialized examples")
    [name] = inputs

    def served(examples: list[bytes]) -> Answer:
        outputs = function(**{name: tf.constant(examples)})
        return {key: np.asarray(value) for key, value in sorted(outputs.items())}

    served.model = model  # type: ignore[attr-defined]  # its variables live as long as it does
    return served


def _reason(error: Exception) -> str:
    if isinstance(error, _CannotServeError):
        return str(error)
    _, _, message = str(getattr(error, "message", "") or error).rpartition(_GRAPH_ERROR)
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'without a message'}"
