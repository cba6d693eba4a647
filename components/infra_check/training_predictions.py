"""What a model predicted in training, written down by a `run_fn`, for InfraCheck to compare with what is served."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.infra_check.serving import Answer
from headrace.errors import InputDataError, ParameterError

FILE = "training_predictions.npz"
_FEATURE, _PREDICTION = "feature/", "prediction/"
# Of a float's 23 bits: the last ones differ between two computations of the same feature.
_IGNORED_BITS = 6


def record_predictions(folder: str, features: Mapping[str, object], predictions: Mapping[str, object]) -> None:
    """Writes down what a model predicts for some examples; call it in `run_fn`, once the model is trained.

    Some hundreds of examples will do, such as one batch of the evaluation split.

    Args:
        folder: `fn_args.model_run_dir`.
        features: the transformed features that the model takes, by name, as training gets them: dense, (rows, ...).
        predictions: what it predicts for them, by the name of the signature's output, (rows, ...).

    Raises:
        ParameterError: there are no rows, not as many in each, or values that are not dense.
    """
    columns = {f"{_FEATURE}{name}": _array(name, values) for name, values in features.items()}
    columns |= {f"{_PREDICTION}{name}": _array(name, values) for name, values in predictions.items()}
    rows = {len(values) if values.ndim else 0 for values in columns.values()}
    if len(rows) != 1 or rows == {0} or not features or not predictions:
        shapes = ", ".join(f"{name} {values.shape}" for name, values in columns.items()) or "nothing"
        raise ParameterError("predictions cannot be recorded", why=f"each needs the same rows, not {shapes}")
    Path(folder).mkdir(parents=True, exist_ok=True)
    np.savez_compressed(Path(folder, FILE), **columns)  # type: ignore[arg-type]


@dataclass(frozen=True)
class TrainingPredictions:
    """What training wrote down."""

    features: Mapping[str, np.ndarray]
    predictions: Answer

    @staticmethod
    def read(folder: Path) -> "TrainingPredictions":
        """Reads them from a ModelRun artifact's folder.

        Raises:
            InputDataError: there are none.
        """
        if not (folder / FILE).is_file():
            raise InputDataError(
                "training recorded no predictions to compare with",
                where=str(folder),
                why=f"there is no {FILE}",
                next_step="call components.infra_check.training_predictions.record_predictions in run_fn",
            )
        with np.load(folder / FILE) as file:
            return TrainingPredictions(_named(file, _FEATURE), _named(file, _PREDICTION))


@dataclass(frozen=True)
class Known:
    """Examples that training predicted, as they are before they are transformed."""

    examples: list[bytes]
    expected: Answer  # a row an example


def known_examples(recorded: TrainingPredictions, graph: Path, records: Iterable[list[bytes]]) -> Known:
    """Finds the examples whose predictions were recorded: those that become the recorded features.

    Args:
        recorded: by training, of transformed features.
        graph: the TransformGraph artifact's folder, by which they were transformed.
        records: serialized examples, not transformed, some at once; they are read until all are found.

    Raises:
        InputDataError: none is found.
    """
    transform = tft.TFTransformOutput(str(graph))
    columns = transform.raw_feature_spec()
    rows = {key: row for row, key in enumerate(_keys(recorded.features))}
    examples, found = [], []
    for some in records:
        raw = tf.io.parse_example(tf.constant(some), columns)
        features = transform.transform_raw_features(raw)
        made = {name: _array(name, features[name]) for name in recorded.features if name in features}
        for example, key in zip(some, _keys(made), strict=True):
            if (row := rows.pop(key, None)) is not None:
                examples.append(example)
                found.append(row)
        if not rows:
            break
    if not examples:
        raise InputDataError(
            "none of the examples is one of those that training recorded predictions of",
            why="their features, transformed, are others: of another split, or of another transform_graph",
        )
    return Known(examples, {name: values[found] for name, values in recorded.predictions.items()})


def _named(file: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): file[name] for name in file if name.startswith(prefix)}


def _array(name: str, values: object) -> np.ndarray:
    if isinstance(values, tf.SparseTensor | tf.RaggedTensor):
        raise ParameterError(
            f"the feature {name!r} cannot be recorded", why=f"it is a {type(values).__name__}; make it dense"
        )
    array = np.asarray(values)
    return array.astype("S") if array.dtype == object else array  # TensorFlow's texts


def _keys(features: Mapping[str, np.ndarray]) -> list[tuple[object, ...]]:
    """Of each row, what tells whether it is the same as another."""
    columns = [_comparable(features[name]).reshape(len(features[name]), -1) for name in sorted(features)]
    return list(zip(*(map(tuple, column.tolist()) for column in columns), strict=True))


def _comparable(values: np.ndarray) -> np.ndarray:
    """Numbers of any type alike, for a pipeline of tf.data may have made floats of whole numbers."""
    if np.issubdtype(values.dtype, np.bytes_):
        return values
    return np.ascontiguousarray(values, np.float32).view(np.int32) >> _IGNORED_BITS
