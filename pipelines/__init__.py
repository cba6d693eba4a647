"""Pipelines, one folder each: run one with `headrace run NAME`."""
