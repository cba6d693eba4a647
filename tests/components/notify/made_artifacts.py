"""Components that make what others make: verdicts on models, and reports of drift."""

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.artifact import Artifact, Property, PropertyType
from tfx.types.standard_artifacts import InfraBlessing, Model, ModelBlessing, PushedModel


class DriftReport(Artifact):
    """As DriftMonitor's."""

    TYPE_NAME = "DriftReport"
    PROPERTIES = {"drifted": Property(PropertyType.INT), "verdict": Property(PropertyType.STRING)}


@component
def Train(model: OutputArtifact[Model]) -> None:  # noqa: N802
    """Makes a model."""
    model.set_string_custom_property("name", "small")


@component
def Judge(  # noqa: N802
    blessed: Parameter[int],
    reason: Parameter[str],
    model: InputArtifact[Model],
    blessing: OutputArtifact[ModelBlessing],
    infra_blessing: OutputArtifact[InfraBlessing],
) -> None:
    """Blesses a model; or refuses it as served, for a reason."""
    blessing.set_int_custom_property("blessed", 1)
    infra_blessing.set_int_custom_property("blessed", blessed)
    if not blessed:
        infra_blessing.set_string_custom_property("reason", reason)


@component
def Push(model: InputArtifact[Model], pushed: OutputArtifact[PushedModel]) -> None:  # noqa: N802
    """Says that it pushed a model."""
    pushed.set_int_custom_property("pushed", 1)
    pushed.set_string_custom_property("pushed_destination", "/serving/1")


@component
def Drift(drifted: Parameter[int], verdict: Parameter[str], drift: OutputArtifact[DriftReport]) -> None:  # noqa: N802
    """Reports drift."""
    drift.drifted = drifted
    drift.verdict = verdict
