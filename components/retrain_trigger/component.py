"""The trigger's specification: what is looked at, and what is reason enough to train."""

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import BaseChannel, Channel
from tfx.types.artifact import Artifact, Property, PropertyType
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.standard_artifacts import Examples, Model

from components.drift_monitor.component import DriftReport
from components.retrain_trigger.driver import Driver
from components.retrain_trigger.executor import Executor
from headrace.errors import ParameterError


class RetrainDecision(Artifact):
    """Whether to train, and why; all of it in properties."""

    TYPE_NAME = "RetrainDecision"
    PROPERTIES = {
        "train": Property(PropertyType.INT),  # 1 or 0: what Cond reads
        "reason": Property(PropertyType.STRING),  # each reason, or what was looked at where there is none
        "new_rows": Property(PropertyType.INT),  # not set where it is unknown
        "note": Property(PropertyType.STRING),  # what the run's summary shows
    }


class RetrainTriggerSpec(ComponentSpec):
    """Channels and parameters of RetrainTrigger."""

    PARAMETERS = {
        "mark": ExecutionParameter(type=str),
        "smallest_new_rows": ExecutionParameter(type=int, optional=True),
        "largest_age_days": ExecutionParameter(type=int, optional=True),
    }
    INPUTS = {
        "examples": ChannelParameter(type=Examples),
        "model": ChannelParameter(type=Model, optional=True),
        "drift": ChannelParameter(type=DriftReport, optional=True),
    }
    OUTPUTS = {"decision": ChannelParameter(type=RetrainDecision)}


class RetrainTrigger(BaseComponent):
    """Decides whether there is a reason to train."""

    SPEC_CLASS = RetrainTriggerSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        examples: BaseChannel,
        model: BaseChannel | None = None,
        drift: BaseChannel | None = None,
        smallest_new_rows: int | None = None,
        largest_age_days: int | None = None,
        mark: str | RuntimeParameter = "",
    ) -> None:
        """Builds the node.

        Args:
            examples: what there is to train on now; several artifacts are counted together.
            model: the last model, as a Resolver finds it; of several the newest counts. Without any, as in a first
                run, there is a reason to train.
            drift: DriftMonitor's report; a drift in it is a reason.
            smallest_new_rows: so many rows that the model was not trained on are a reason, 1 or more.
            largest_age_days: a model that is older is a reason, 0 or more.
            mark: why somebody wants to train; a reason unless it is empty or `no`. To give it with `--set`:
                `RuntimeParameter("mark", str, "no")`, for TFX knows no empty default.

        Raises:
            ParameterError: an argument has a value that it cannot have, or nothing can ever be a reason.
        """
        if smallest_new_rows is not None and smallest_new_rows < 1:
            raise ParameterError("RetrainTrigger's smallest_new_rows is at least 1", why=f"{smallest_new_rows!r}")
        if largest_age_days is not None and largest_age_days < 0:
            raise ParameterError("RetrainTrigger's largest_age_days is at least 0", why=f"{largest_age_days!r}")
        if drift is None and smallest_new_rows is None and largest_age_days is None and not mark:
            raise ParameterError(
                "RetrainTrigger is given nothing that can be a reason to train",
                why="there are drift, smallest_new_rows, largest_age_days and mark",
            )
        super().__init__(
            RetrainTriggerSpec(
                examples=examples,
                model=model,
                drift=drift,
                mark=mark,
                smallest_new_rows=smallest_new_rows,
                largest_age_days=largest_age_days,
                decision=Channel(type=RetrainDecision),
            )
        )
