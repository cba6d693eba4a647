"""Statistics of what a model learned from, in the form in which statistics are compared."""

import shutil
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.artifact_utils import encode_split_names, get_split_uri
from tfx.types.standard_artifacts import ExampleStatistics


@component
def TrainingStatistics(  # noqa: N802 - a component's name
    transform_statistics: InputArtifact[ExampleStatistics],
    statistics: OutputArtifact[ExampleStatistics],
    split: Parameter[str],
) -> None:
    """Gives a split's name to the statistics that Transform makes of all that it analyzed."""
    statistics.split_names = encode_split_names([split])
    folder = Path(get_split_uri([statistics], split))
    folder.mkdir(parents=True)
    shutil.copy(Path(transform_statistics.uri, "FeatureStats.pb"), folder)
