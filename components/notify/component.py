"""The specification: which nodes it waits for, whom it tells, and of what."""

import re
from collections.abc import Sequence

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.experimental.node_execution_options.utils import NodeExecutionOptions, TriggerStrategy
from tfx.types import Channel
from tfx.types.artifact import Artifact, Property, PropertyType
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.notify.driver import Driver
from components.notify.executor import Executor
from components.notify.news import Event
from components.notify.payloads import Format
from headrace.contents.notification import NOTIFICATION
from headrace.errors import ParameterError, UnknownNameError

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class NotificationArtifact(Artifact):
    """What was told: notification.json."""

    TYPE_NAME = NOTIFICATION
    PROPERTIES = {"delivered": Property(PropertyType.INT)}  # 1 where the webhook took it


class NotifySpec(ComponentSpec):
    """Channels and parameters of Notify."""

    PARAMETERS = {
        "url_variable": ExecutionParameter(type=str),
        "format": ExecutionParameter(type=str),
        "on": ExecutionParameter(type=str),  # separated by commas
        "attempts": ExecutionParameter(type=int),
        "seconds": ExecutionParameter(type=float),
    }
    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS = {"notification": ChannelParameter(type=NotificationArtifact)}


class Notify(BaseComponent):
    """Tells a webhook what came of the run, once some nodes have ended, however they did.

    A webhook that cannot be reached is noted, and fails nothing.
    """

    SPEC_CLASS = NotifySpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        after: Sequence[BaseNode],
        url_variable: str = "HEADRACE_WEBHOOK",
        format: str = Format.JSON,  # noqa: A002
        on: Sequence[str] = tuple(Event),
        attempts: int = 5,
        seconds: float = 10.0,
    ) -> None:
        """Builds the node.

        Args:
            after: the nodes that it waits for; the run's last ones, for what fails later is not told.
            url_variable: the environment variable that has the webhook's address, a secret that is not recorded.
            format: `json`, or `slack` for Slack's incoming webhooks.
            on: what is told: `blessed`, `rejected`, `drift`, `failure`; without any of them nothing is sent.
            attempts: to send it, at the most.
            seconds: after which an attempt ends, whatever the webhook has sent by then.

        Raises:
            ParameterError: there are no nodes to wait for, or a value is out of range.
            UnknownNameError: there is no such format or event.
        """
        if not after or not all(isinstance(node, BaseNode) for node in after):
            raise ParameterError("Notify wants the nodes that it waits for", why=f"after={after!r}")
        if not isinstance(url_variable, str) or not _VARIABLE.fullmatch(url_variable):
            raise ParameterError(
                "Notify wants the name of an environment variable",
                why="the address itself is a secret, and what a pipeline is given is recorded",
                next_step="put the address into a variable, such as HEADRACE_WEBHOOK, and give its name",
            )
        formats, events = list(map(str, Format)), list(map(str, Event))
        if format not in formats:
            raise UnknownNameError.among("format of Notify", str(format), formats)
        if isinstance(on, str) or not on:
            raise ParameterError(
                "Notify wants a list of events", why=f"on={on!r}", next_step=f"known: {', '.join(Event)}"
            )
        for event in on:
            if event not in events:
                raise UnknownNameError.among("event of Notify", str(event), events)
        if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 1:
            raise ParameterError("Notify wants attempts as a whole number of 1 or more", why=f"attempts={attempts!r}")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not seconds > 0:
            raise ParameterError("Notify wants seconds as a number over 0", why=f"seconds={seconds!r}")
        super().__init__(
            NotifySpec(
                url_variable=url_variable,
                format=str(format),
                on=",".join(dict.fromkeys(map(str, on))),
                attempts=attempts,
                seconds=float(seconds),
                notification=Channel(type=NotificationArtifact),
            )
        )
        for node in after:
            self.add_upstream_node(node)
        self.node_execution_options = NodeExecutionOptions(
            trigger_strategy=TriggerStrategy.ALL_UPSTREAM_NODES_COMPLETED, success_optional=True
        )
