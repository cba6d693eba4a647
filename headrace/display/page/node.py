"""A node of the picture: an execution or an artifact, as it is drawn and told."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """A line of a record."""

    label: str
    value: str | float
    unit: str = ""  # "seconds" or "bytes", which the page words for its reader


@dataclass(frozen=True)
class Node:
    """An execution or an artifact, as it is drawn and told."""

    id: str  # "e12" is execution 12, "a7" artifact 7
    kind: str  # "execution" or "artifact"
    name: str
    span: str  # of the data, where others of its name are of other spans; in words
    family: str  # of artifacts: those of a family share a colour
    mark: str  # the picture of its state; empty for none
    state: str  # in words
    facts: tuple[Fact, ...]
    error: tuple[Fact, ...]
    properties: tuple[tuple[str, str], ...]
    shows: tuple[int, ...]  # the artifacts whose contents are drawn beside it
    asked: bool  # the page was asked for it
