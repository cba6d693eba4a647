"""The check's specification: what goes in, what comes out, which parameters it takes."""

import math

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.standard_artifacts import Examples, InfraBlessing, Model, ModelRun, TransformGraph

from components.infra_check.executor import Executor
from headrace.errors import ParameterError


class InfraCheckSpec(ComponentSpec):
    """Channels and parameters of InfraCheck."""

    PARAMETERS = {
        "split": ExecutionParameter(type=str),
        "signature": ExecutionParameter(type=str),
        "requests": ExecutionParameter(type=int),
        "seconds": ExecutionParameter(type=float),
        "memory_mb": ExecutionParameter(type=int),
        "tolerance": ExecutionParameter(type=float),
    }
    INPUTS = {
        "model": ChannelParameter(type=Model),
        "examples": ChannelParameter(type=Examples),
        "model_run": ChannelParameter(type=ModelRun, optional=True),
        "transform_graph": ChannelParameter(type=TransformGraph, optional=True),
    }
    OUTPUTS = {"blessing": ChannelParameter(type=InfraBlessing)}


class InfraCheck(BaseComponent):
    """Loads a model as serving would, asks it, and blesses it for Pusher: `Pusher(infra_blessing=...)`.

    A model that does not answer as it should is not blessed, and the run goes on.
    """

    SPEC_CLASS = InfraCheckSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: BaseChannel,
        examples: BaseChannel,
        model_run: BaseChannel | None = None,
        transform_graph: BaseChannel | None = None,
        split: str = "eval",
        signature: str = "serving_default",
        requests: int = 100,
        seconds: float = 60.0,
        memory_mb: int = 2048,
        tolerance: float = 1e-4,
    ) -> None:
        """Builds the node.

        Args:
            model: Trainer's output: a SavedModel with a signature that takes serialized tf.Examples.
            examples: raw examples, as serving gets them.
            model_run: Trainer's output in which its `run_fn` recorded predictions, to compare with.
            transform_graph: Transform's output, by which the examples of `model_run` were transformed.
            split: of the examples that are sent.
            signature: that answers.
            requests: how many examples are sent, each alone, and all again in batches.
            seconds: that loading and answering may take in all.
            memory_mb: MiB that loading and answering may take, beyond what TensorFlow itself does.
            tolerance: the most by which a number may differ from that in training, or in another batch:
                absolute, and again as a part of the number.

        Raises:
            ParameterError: a value is out of range, or only one of `model_run` and `transform_graph` is given.
        """
        _check(split, signature, requests, seconds, memory_mb, tolerance)
        if (model_run is None) != (transform_graph is None):
            raise ParameterError(
                "InfraCheck compares with training where it has model_run and transform_graph",
                why=f"{'model_run' if model_run is None else 'transform_graph'} is missing",
            )
        super().__init__(
            InfraCheckSpec(
                model=model,
                examples=examples,
                model_run=model_run,
                transform_graph=transform_graph,
                split=split,
                signature=signature,
                requests=requests,
                seconds=float(seconds),
                memory_mb=memory_mb,
                tolerance=float(tolerance),
                blessing=Channel(type=InfraBlessing),
            )
        )


def _check(split: str, signature: str, requests: int, seconds: float, memory_mb: int, tolerance: float) -> None:
    for name, text in (("split", split), ("signature", signature)):
        if not isinstance(text, str) or not text:
            raise ParameterError(f"InfraCheck wants the name of a {name}", why=f"{name}={text!r}")
    for name, whole in (("requests", requests), ("memory_mb", memory_mb)):
        if not isinstance(whole, int) or isinstance(whole, bool) or whole < 1:
            raise ParameterError(f"InfraCheck wants {name} as a whole number of 1 or more", why=f"{name}={whole!r}")
    if not _is_number(seconds) or not 0 < seconds < math.inf:
        raise ParameterError("InfraCheck wants seconds as a number over 0", why=f"seconds={seconds!r}")
    if not _is_number(tolerance) or not 0 <= tolerance < 1:
        raise ParameterError("InfraCheck wants tolerance as a number from 0 to 1", why=f"tolerance={tolerance!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
