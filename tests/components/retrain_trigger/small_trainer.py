"""Makes a model of examples without learning anything: what is recorded of it is what the tests are about."""

from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples, Model


@component
def SmallTrainer(examples: InputArtifact[Examples], model: OutputArtifact[Model]) -> None:  # noqa: N802
    """Notes which examples it read."""
    Path(model.uri, "made_of").write_text(examples.uri)
