"""What a model card says, in plain records: lineage fills them in, display makes pages of them."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field


@dataclass(frozen=True)
class Author:
    """What only the model's author can say; empty where nothing was said."""

    title: str = ""
    owner: str = ""
    intended_use: str = ""
    limits: str = ""


@dataclass(frozen=True)
class Figure:
    """A number or a word that a reader looks for first."""

    label: str
    value: str
    note: str
    tone: Literal["plain", "good", "bad"] = "plain"


@dataclass(frozen=True)
class Words:
    """A paragraph; a blank line begins another. `quiet` for what is said beside the point."""

    text: str
    quiet: bool = False
    kind: Literal["words"] = "words"


@dataclass(frozen=True)
class Bullets:
    """Points: what each is about, and what is to be said of it."""

    points: tuple[tuple[str, str], ...]
    kind: Literal["bullets"] = "bullets"


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    rows: tuple[tuple[str, str], ...]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True)
class Table:
    """A table of words; the columns whose index is in `numbers` are aligned at the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    caption: str = ""
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Commands:
    """What to type, and what that tells."""

    rows: tuple[tuple[str, str], ...]
    kind: Literal["commands"] = "commands"


@dataclass(frozen=True)
class Distributions:
    """A picture: features by split, as the statistics in a folder have them."""

    statistics: str  # the folder of an ExampleStatistics artifact
    features: tuple[str, ...]
    kind: Literal["distributions"] = "distributions"


@dataclass(frozen=True)
class Shares:
    """A picture: bars from 0 to 100 %."""

    caption: str
    rows: tuple[tuple[str, float, str], ...]  # label, share, what stands beside it
    kind: Literal["shares"] = "shares"


@dataclass(frozen=True)
class Dot:
    """A metric of one slice."""

    label: str
    value: float
    baseline: float | None
    examples: int | None
    reliable: bool  # the slice has enough examples


@dataclass(frozen=True)
class Dots:
    """A picture: a metric for each value of a feature, beside that of all examples."""

    feature: str
    metric: str
    overall: float | None
    dots: tuple[Dot, ...]
    note: str
    kind: Literal["dots"] = "dots"


@dataclass(frozen=True)
class Curves:
    """A picture: the ROC curve and the calibration, as far as the evaluation in a folder has them."""

    evaluation: str  # the folder of a ModelEvaluation artifact
    kind: Literal["curves"] = "curves"


@dataclass(frozen=True)
class StepBox:
    """A step on the way to the model."""

    id: int
    title: str
    detail: str
    is_subject: bool  # it made the model


@dataclass(frozen=True)
class Steps:
    """A picture: the steps, and which read what which other made."""

    boxes: tuple[StepBox, ...]
    arrows: tuple[tuple[int, int], ...]  # from a step's id to another's
    kind: Literal["steps"] = "steps"


Picture: TypeAlias = Distributions | Shares | Dots | Curves | Steps
Block: TypeAlias = Annotated[Words | Bullets | Facts | Table | Commands | Picture, Field(discriminator="kind")]


@dataclass(frozen=True)
class Section:
    """A part of the card."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class ModelCard:
    """A model's card."""

    model: int  # the id of its artifact
    title: str
    subtitle: str
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
