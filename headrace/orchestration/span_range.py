"""Spans that are run one after another, as they are typed: "3..12", or "7"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from headrace.errors import ParameterError
from headrace.typed_command import with_option

SPAN = "span"  # the RuntimeParameter that says which span a run is of
_TYPED = re.compile(r"(\d{1,18})(?:\.\.(\d{1,18}))?")


@dataclass(frozen=True)
class SpanRange:
    """Some spans in their order, the first and the last among them."""

    first: int
    last: int

    @staticmethod
    def parse(text: str, command: str = "") -> "SpanRange":
        """The spans of "3..12", or the one of "7".

        Args:
            text: what was typed.
            command: that runs the pipeline, without its spans.

        Raises:
            ParameterError: it is neither, or it ends before it begins.
        """
        typed = _TYPED.fullmatch(text)
        if typed is None:
            raise ParameterError(
                f"cannot read the spans {text!r}",
                why="they are FIRST..LAST, or one number",
                next_step=f"{_with(command, '3..12')}  # for instance",
            )
        first, last = int(typed[1]), int(typed[2] or typed[1])
        if last < first:
            raise ParameterError(
                f"cannot run the spans {text!r}",
                why="they end before they begin",
                next_step=_with(command, f"{last}..{first}"),
            )
        return SpanRange(first, last)

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


def _with(command: str, spans: str) -> str:
    return with_option(command, "--span", spans)
