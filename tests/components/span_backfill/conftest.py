"""Runs of small pipelines, as the runner's own tests have them."""

from tests.headrace.orchestration.runs.conftest import run_pipeline, settings

__all__ = ["run_pipeline", "settings"]
