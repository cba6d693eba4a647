"""The card's specification: the model it is of, what it waits for, and what only the author can say."""

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.model_card.driver import Driver
from components.model_card.executor import Executor
from headrace.errors import ParameterError


class ModelCardPages(Artifact):
    """A model's card: card.html, one file, and card.md with its pictures beside it."""

    TYPE_NAME = "ModelCard"


class ModelCardSpec(ComponentSpec):
    """Channels and parameters of ModelCard."""

    PARAMETERS = {
        "title": ExecutionParameter(type=str),
        "owner": ExecutionParameter(type=str),
        "intended_use": ExecutionParameter(type=str),
        "limits": ExecutionParameter(type=str),
        "smallest_slice": ExecutionParameter(type=int),
    }
    INPUTS = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation, optional=True),
        "pushed_model": ChannelParameter(type=standard_artifacts.PushedModel, optional=True),
    }
    OUTPUTS = {"card": ChannelParameter(type=ModelCardPages)}


class ModelCard(BaseComponent):
    """Makes a page of HTML and one of Markdown of what ML Metadata knows of a model."""

    SPEC_CLASS = ModelCardSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        model: BaseChannel,
        evaluation: BaseChannel | None = None,
        pushed_model: BaseChannel | None = None,
        title: str = "",
        owner: str = "",
        intended_use: str = "",
        limits: str = "",
        smallest_slice: int = 100,
    ) -> None:
        """Builds the node.

        Args:
            model: a Trainer's output.
            evaluation: an Evaluator's output, which the card is to show; the model's newest one if it is left out.
            pushed_model: a Pusher's output, for the card to be made after the push.
            title: the card's heading; the names of pipeline and model if it is left out.
            owner: who answers for the model.
            intended_use: what it is for, and what it is not for; a blank line begins another paragraph.
            limits: what the author knows of its limits; those that follow from the records are added.
            smallest_slice: metrics of slices of fewer examples are marked as unreliable.

        Raises:
            ParameterError: an argument is no text, or the number is no whole number from 1 on; or a channel is of
                another type.
        """
        texts = {"title": title, "owner": owner, "intended_use": intended_use, "limits": limits}
        for name, value in texts.items():
            if not isinstance(value, str):
                raise ParameterError(f"ModelCard wants {name} as text", why=f"{name}={value!r}")
        if isinstance(smallest_slice, bool) or not isinstance(smallest_slice, int) or smallest_slice < 1:
            why = f"smallest_slice={smallest_slice!r}"
            raise ParameterError("ModelCard wants a number of examples, 1 or more", why=why)
        channels = {"model": model, "evaluation": evaluation, "pushed_model": pushed_model}
        given = {name: channel for name, channel in channels.items() if channel is not None}
        for name, channel in given.items():
            wanted = ModelCardSpec.INPUTS[name].type.TYPE_NAME
            if not isinstance(channel, BaseChannel) or channel.type_name != wanted:
                found = getattr(channel, "type_name", None) or repr(channel)
                raise ParameterError(f"ModelCard wants a channel of {wanted} as {name}", why=f"it was given {found}")
        card = Channel(type=ModelCardPages)
        super().__init__(ModelCardSpec(**given, **texts, smallest_slice=smallest_slice, card=card))
