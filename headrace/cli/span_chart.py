"""A metric by span in the terminal: how the candidate of each span compares with the model that was live."""

import math
from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from headrace.lineage.spans import BLESSED, REJECTED, SpanFacts, Spans

_LEFT, _RIGHT = 8, 26  # columns beside the plot
_WIDEST = 100  # columns of the plot
_TICKS = 5  # at most
_MARKS = {BLESSED: ("●", "bold green"), REJECTED: ("✗", "bold red")}
_UNJUDGED = ("◆", "yellow")
_LIVE = ("○", "cyan")


class SpanChart:
    """A row a span: the candidate's value and the live model's on one scale, and the step from one to the other."""

    def __init__(self, spans: Spans, low: float, high: float) -> None:
        """Takes the spans, and the smallest and largest value that is drawn."""
        self._spans = spans
        self._step = _step(low, high)
        self._low, self._high = low - self._step / 4, high + self._step / 4

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draws it as wide as the terminal allows."""
        width = max(10, min(options.max_width - _LEFT - _RIGHT, _WIDEST))
        yield self._legend()
        yield self._scale(width)
        for one in self._spans.spans:
            yield self._row(one, width)

    def _legend(self) -> Text:
        parts = [("●", "bold green", "blessed"), ("✗", "bold red", "rejected"), (*_LIVE, "live model")]
        return Text(f"{self._spans.metric} by span  ").append_text(
            Text("  ").join(Text.assemble((mark, style), f" {words}") for mark, style, words in parts)
        )

    def _scale(self, width: int) -> Text:
        cells = [" "] * (width + _LEFT)
        digits = max(0, -math.floor(math.log10(self._step)))
        for tick in self._ticks():
            label = f"{tick:.{digits}f}"
            start = self._column(tick, width) - len(label) // 2
            if start >= 0 and start + len(label) <= width + _RIGHT:
                cells[_LEFT + start : _LEFT + start + len(label)] = label
        return Text("".join(cells).rstrip(), style="dim")

    def _row(self, one: SpanFacts, width: int) -> Text:
        cells: list[tuple[str, str]] = [(" ", "")] * width
        for tick in self._ticks():
            cells[self._column(tick, width)] = ("┊", "dim")
        mark = _MARKS.get(one.verdict or "", _UNJUDGED)
        candidate, live = (
            None if value is None else self._column(value, width) for value in (one.candidate_value, one.live_value)
        )
        if candidate is not None and live is not None:
            for column in range(min(candidate, live) + 1, max(candidate, live)):
                cells[column] = ("─", mark[1])
        if live is not None:
            cells[live] = _LIVE
        if candidate is not None:
            cells[candidate] = mark
        return Text.assemble((f"{one.span:>{_LEFT - 2}}  ", "bold"), *cells, _beside(one))

    def _ticks(self) -> Sequence[float]:
        first = math.ceil(self._low / self._step)
        return [round(self._step * index, 10) for index in range(first, math.floor(self._high / self._step) + 1)]

    def _column(self, value: float, width: int) -> int:
        return round((value - self._low) / (self._high - self._low) * (width - 1))


def span_chart(spans: Spans) -> SpanChart | None:
    """The chart of some spans; None where no model was measured."""
    values = [value for one in spans.spans for value in (one.candidate_value, one.live_value) if value is not None]
    return SpanChart(spans, min(values), max(values)) if values else None


def _beside(one: SpanFacts) -> str:
    if one.candidate_value is None:
        return "  no model was measured"
    step = "" if one.live_value is None else f" {one.candidate_value - one.live_value:+.4f}"
    drift = f"  drift {one.drifted}" if one.drifted else ""
    return f"  {one.candidate_value:.4f}{step}{drift}"


def _step(low: float, high: float) -> float:
    """A round distance between ticks: 1, 2 or 5 times a power of ten."""
    room = (high - low or abs(high) / 10 or 1.0) / (_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(room))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= room)
