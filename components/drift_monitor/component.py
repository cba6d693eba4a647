"""The monitor's specification: what is compared with what, how far it may move, and what follows."""

from collections.abc import Mapping, Sequence

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import BaseChannel, Channel
from tfx.types.artifact import Artifact, Property, PropertyType
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.standard_artifacts import ExampleStatistics
from tfx.types.system_artifacts import Statistics

from components.drift_monitor.executor import Executor
from components.drift_monitor.rules import Policy, Rules
from headrace.errors import ParameterError


class DriftReport(Artifact):
    """How far each feature moved: drift.json, and a chart in chart.html."""

    TYPE_NAME = "DriftReport"
    TYPE_ANNOTATION = Statistics
    PROPERTIES = {
        "drifted": Property(PropertyType.INT),  # how many features
        "verdict": Property(PropertyType.STRING),  # "quiet", "drifted", "cannot be told" or "no reference"
        "note": Property(PropertyType.STRING),  # what the run's summary shows
    }


class DriftMonitorSpec(ComponentSpec):
    """Channels and parameters of DriftMonitor."""

    PARAMETERS = {
        "policy": ExecutionParameter(type=str),
        "rules": ExecutionParameter(type=str),  # Rules as JSON
    }
    INPUTS = {
        "statistics": ChannelParameter(type=ExampleStatistics),
        "reference": ChannelParameter(type=ExampleStatistics, optional=True),
    }
    OUTPUTS = {"drift": ChannelParameter(type=DriftReport)}


class DriftMonitor(BaseComponent):
    """Compares the statistics of a span with those of a reference."""

    SPEC_CLASS = DriftMonitorSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        statistics: BaseChannel,
        reference: BaseChannel | None = None,
        policy: str = Policy.RECORD,
        thresholds: Mapping[str, float] | None = None,
        exclude: Sequence[str] = (),
        splits: Sequence[str] = (),
        by_divergence: Sequence[str] = (),
        false_alarm_rate: float = Rules.false_alarm_rate,
        smallest_share: float = Rules.smallest_share,
        smallest_divergence: float = Rules.smallest_divergence,
    ) -> None:
        """Builds the node.

        Args:
            statistics: of the span, as StatisticsGen makes them; several artifacts are taken together.
            reference: the statistics to compare with; several artifacts are taken together. Without any, as in a
                first run, the report says that there is no reference.
            policy: `record`: the report is all; `warn`: the run's summary tells of a drift, and of
                what cannot be told, as well; `stop`: the
                run fails on one.
            thresholds: the largest distance of a feature's values that is no drift, by feature. For other
                features it is the larger one of the sampling noise and the smallest change worth telling.
            exclude: features not to compare, such as those that the calendar moves.
            splits: those that are taken together; all if it is left out.
            by_divergence: text features to compare by their Jensen-Shannon divergence, as numbers are, and not by
                the L-infinity distance.
            false_alarm_rate: of the reports on data that did not change, the share that may tell of a drift, over 0
                and under 1.
            smallest_share: the smallest change of a share that is worth telling, 0 to 1: of one value among all, or of
                the examples without a value.
            smallest_divergence: the smallest Jensen-Shannon divergence that is worth telling, 0 to 1 bit.

        Raises:
            ParameterError: an argument has a value that it cannot have.
        """
        if policy not in list(Policy):
            raise ParameterError(f"DriftMonitor knows no policy {policy!r}", why=f"there are {', '.join(Policy)}")
        if not 0 < false_alarm_rate < 1:
            raise ParameterError("DriftMonitor's false_alarm_rate is over 0 and under 1", why=f"{false_alarm_rate!r}")
        smallest = {"smallest_share": smallest_share, "smallest_divergence": smallest_divergence}
        of_features = {f"threshold of {name!r}": value for name, value in (thresholds or {}).items()}
        for name, value in {**smallest, **of_features}.items():
            if not 0 <= value <= 1:
                raise ParameterError(f"DriftMonitor's {name} is from 0 to 1", why=f"{value!r}")
        for name, names in (("exclude", exclude), ("splits", splits), ("by_divergence", by_divergence)):
            if isinstance(names, str):
                raise ParameterError(f"DriftMonitor's {name} is a list of names", why=f"{names!r} is a text")
        if both := sorted({*exclude} & {*(thresholds or {}), *by_divergence}):
            raise ParameterError(f"DriftMonitor is to compare {both[0]!r} and to exclude it")
        rules = Rules(
            thresholds or {},
            tuple(exclude),
            tuple(splits),
            tuple(by_divergence),
            false_alarm_rate,
            smallest_share,
            smallest_divergence,
        )
        super().__init__(
            DriftMonitorSpec(
                statistics=statistics,
                reference=reference,
                policy=str(policy),
                rules=rules.to_json(),
                drift=Channel(type=DriftReport),
            )
        )
