"""Compares the statistics of a span with a reference, and says which features drifted."""
