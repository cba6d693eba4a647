"""Runs one component by itself, in a test: `run_component(AnomalyGate, anomalies=..., severity="ERROR")`.

Importing it imports neither TensorFlow nor TFX; the first call does.
"""

from headrace.testing.artifacts import artifact
from headrace.testing.results import ComponentResult, Output
from headrace.testing.running import run_component

__all__ = ["ComponentResult", "Output", "artifact", "run_component"]
