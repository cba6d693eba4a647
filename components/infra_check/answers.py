"""The requests that a served model gets, and what is asked of its answers."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from components.infra_check.served_model import NotServedError, ServedModel
from components.infra_check.serving import Answer

BATCH = 32  # examples of a larger request
_SHOWN = 3  # examples that a reason names


@dataclass(frozen=True)
class Answered:
    """What came of all requests."""

    answer: Answer  # to all examples, in their order
    requests: int
    milliseconds_alone: float  # the median of a request of one example
    milliseconds_batch: float  # of a request of many


def answers(served: ServedModel, examples: Sequence[bytes], tolerance: float) -> Answered:
    """Sends each example by itself, then all of them again in batches.

    Raises:
        NotServedError: an answer is missing, is no number, has another number of rows than was asked for,
            or differs by more than the tolerance from that to the same example alone.
    """
    alone, seconds_alone = _sent(served, examples, 1)
    batched, seconds_batch = _sent(served, examples, BATCH)
    if found := differences(batched, alone, tolerance):
        raise NotServedError(f"it answers otherwise to an example in a batch of {BATCH} than to it alone: {found}")
    return Answered(
        alone,
        len(seconds_alone) + len(seconds_batch),
        1000 * median(seconds_alone),
        1000 * median(seconds_batch),
    )


def compare(served: ServedModel, examples: Sequence[bytes], expected: Answer, tolerance: float) -> float:
    """Sends examples in batches, and compares with the predictions in training; returns the largest difference.

    Args:
        served: the model.
        examples: serialized.
        expected: the predictions in training, a row an example.
        tolerance: see `differences`.

    Raises:
        NotServedError: as in `answers`, or it answers otherwise than in training.
    """
    answer, _ = _sent(served, examples, BATCH)
    if missing := expected.keys() - answer.keys():
        names = f"{', '.join(answer)}; training recorded predictions of {', '.join(sorted(missing))}"
        raise NotServedError(f"its answers cannot be compared with training: they are {names}")
    flat = {name: values.reshape(len(values), -1) for name, values in answer.items()}
    trained = {name: values.reshape(len(values), -1) for name, values in expected.items()}
    for name, values in trained.items():
        _same_shape(flat[name], values)
    if found := differences(flat, trained, tolerance):
        raise NotServedError(f"it answers otherwise than in training: {found}")
    numbers = [name for name, values in trained.items() if np.issubdtype(values.dtype, np.number)]
    return max((float(np.abs(flat[name] - trained[name]).max()) for name in numbers), default=0.0)


def differences(answer: Answer, expected: Answer, tolerance: float) -> str:
    """Where answers differ from what is expected, in words, the largest difference first; empty where they do not.

    Numbers may differ by the tolerance, and by this part of what is expected; text by nothing.
    """
    lines = []
    for name, values in expected.items():
        far = _distances(answer[name], values, tolerance)
        rows = [row for row in np.argsort(-far, kind="stable") if far[row] > 0]
        if rows:
            some = "; ".join(f"{_text(answer[name][row])} and not {_text(values[row])}" for row in rows[:_SHOWN])
            more = f"; and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
            lines.append(f"{name} of {len(rows)} of {len(values)} examples: {some}{more}")
    return "; ".join(lines)


def _sent(served: ServedModel, examples: Sequence[bytes], size: int) -> tuple[Answer, list[float]]:
    seconds, parts = [], []
    for batch in _batches(examples, size):
        started = time.monotonic()
        parts.append(_checked(served.answer(batch), len(batch)))
        seconds.append(time.monotonic() - started)
        for name, values in parts[0].items():
            _same_shape(parts[-1][name], values)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, seconds


def _batches(examples: Sequence[bytes], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(examples), size):
        yield list(examples[start : start + size])


def _checked(answer: Answer, rows: int) -> Answer:
    if not answer:
        raise NotServedError("it answers nothing: its signature has no outputs")
    for name, values in answer.items():
        if values.shape[:1] != (rows,):
            found = f"{values.shape[0]} rows" if values.ndim else "a single value"
            raise NotServedError(f"it answers {found} of {name} to {rows} {'example' if rows == 1 else 'examples'}")
        if np.issubdtype(values.dtype, np.inexact) and not np.isfinite(values).all():
            bad = values[~np.isfinite(values)]
            raise NotServedError(f"it answers {bad[0]} as {name}, which is no number")
    return answer


def _distances(values: np.ndarray, expected: np.ndarray, tolerance: float) -> np.ndarray:
    """How far each row is from what is expected, beyond the tolerance; 0 where it is within. Shape (rows,)."""
    if not np.issubdtype(expected.dtype, np.number):
        far = (values != expected).astype(float)
    else:
        gap = np.abs(values.astype(float) - expected.astype(float))
        far = np.where(gap > tolerance * (1 + np.abs(expected)), gap, 0.0)
    return far.reshape(len(far), -1).max(axis=1, initial=0.0)


def _same_shape(values: np.ndarray, others: np.ndarray) -> None:
    if values.shape[1:] != others.shape[1:]:
        raise NotServedError(f"it answers {values.shape[1:]} values to an example, and {others.shape[1:]} to another")


def _text(value: np.ndarray) -> str:
    return np.array2string(np.asarray(value), precision=6, separator=", ", threshold=_SHOWN).strip("[]")
