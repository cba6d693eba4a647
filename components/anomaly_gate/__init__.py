"""Stops a run on anomalies at or over a severity."""
