"""Loads a model as serving would, in a process of its own, and blesses it if it answers as it should."""
