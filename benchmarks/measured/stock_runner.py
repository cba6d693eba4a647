"""Runs a pipeline with stock TFX's LocalDagRunner, unless `headrace run` runs the file that asks for it."""

import os
import time
from pathlib import Path

from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline, add_beam_pipeline_args_to_component

HOME = Path(os.environ.get("HEADRACE_HOME", ".headrace")).absolute()
STARTED = HOME / "started"  # when the pipeline was handed to the runner, in seconds since 1970
STORE = HOME / "metadata.sqlite"


def root(name: str) -> str:
    """The folder of a pipeline's artifacts."""
    return str(HOME / "pipelines" / name)


def run(pipeline: Pipeline) -> None:
    """Runs it, and leaves behind when that began."""
    pipeline.metadata_connection_config = sqlite_metadata_connection_config(str(STORE))
    for node in pipeline.components:
        # For both: Beam's default runner first looks for a binary that it would have to download.
        add_beam_pipeline_args_to_component(node, ["--runner=FnApiRunner"])
    HOME.mkdir(parents=True, exist_ok=True)
    if not STARTED.exists():  # else this is not the process that was started
        STARTED.write_text(str(time.time()))
    LocalDagRunner().run(pipeline)
