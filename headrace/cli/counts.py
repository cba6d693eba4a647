"""A number of things, as an option takes it."""

import click

COUNT = click.IntRange(min=1)
COUNT.name = "whole number"  # in click's messages; by itself it says "integer range"
COUNT_NAME = "N"
