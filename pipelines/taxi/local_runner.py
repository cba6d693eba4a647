"""Runs the taxi pipeline on this machine: `headrace run taxi`, or through the TFX CLI."""

from pathlib import Path

from headrace.errors import reported
from headrace.orchestration import HeadraceDagRunner, RunOutcome
from headrace.project import project_root
from headrace.settings import Settings
from pipelines.taxi.hyperparameters import Hyperparameters
from pipelines.taxi.pipeline import create_pipeline

NAME = "taxi"  # of the pipeline, and so of its artifacts, runs and models
DATA = "taxi"  # the folder of data/ that it reads
HERE = Path(__file__).parent


def run() -> RunOutcome:
    """Builds the pipeline and runs it.

    Raises:
        HeadraceError: something cannot be as asked, or a node failed.
    """
    settings = Settings.load(HERE)
    pipeline = create_pipeline(
        NAME,
        pipeline_root=settings.pipeline_root(NAME),
        data_root=project_root(HERE) / "data" / DATA,
        serving_root=settings.serving_root(NAME),
    )
    return HeadraceDagRunner(settings, {"hyperparameters": Hyperparameters.parse}).run(pipeline)


if __name__ == "__main__":
    with reported():
        run()
