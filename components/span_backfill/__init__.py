"""Reads the spans before the newest that no run has read yet."""
