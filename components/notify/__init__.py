"""Tells a webhook what came of a run."""
