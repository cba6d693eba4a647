"""What `headrace run --span` shows: which span it is at, and at its end what came of each."""

from rich.text import Text

from headrace.cli.written_spans import print_spans
from headrace.lineage import Lineage
from headrace.metadata import MetadataStore
from headrace.orchestration.json_progress import write_event
from headrace.orchestration.span_history import SpanState
from headrace.orchestration.span_range import SpanRange
from headrace.settings import Settings
from headrace.terminal import plain_console
from headrace.typed_command import with_option


class ConsoleSeries:
    """Shows a series of spans to a person."""

    def __init__(self, settings: Settings, command: str) -> None:
        """Takes the project's settings, and the command that runs the series, without its spans."""
        self._settings = settings
        self._command = command
        self._console = plain_console()
        self._ran: list[int] = []
        self._skipped: dict[int, str] = {}

    def span_started(self, span: int, spans: SpanRange, state: SpanState) -> None:
        """A heading, and why it is run, where it was run before."""
        if self._ran or self._skipped:
            self._console.print()
        self._console.rule(Text(f"span {span} of {spans}", style="bold"), align="left")
        if state.interrupted:
            self._say(f"resumes run {state.interrupted.id}, which did not succeed")
        elif state.why:
            self._say(f"is run again: {state.why}")
            if span < spans.last and not self._ran:
                alone = with_option(self._command, "--span", str(spans.last))
                self._say(
                    f"so are those after it, which build on it; to run the last alone, stop this and type: {alone}"
                )
        if state.latest is not None and not self._ran:
            self._say(f"spans up to {state.latest} were run before: what is the latest now, as a model, may be of them")
        self._ran.append(span)

    def span_skipped(self, span: int, spans: SpanRange, run: str) -> None:
        """A line."""
        self._console.print(Text.assemble(("≡", "cyan"), f" span {span} of {spans} is done: run {run}"), soft_wrap=True)
        self._skipped[span] = run

    def series_ended(self, pipeline: str, spans: SpanRange, store: MetadataStore) -> None:
        """How each span went, as a table and as charts; what was not run."""
        self._console.print()
        print_spans(Lineage(store).spans(pipeline), self._settings)
        if not self._ran:
            self._say(f"nothing was run: {'all spans are' if len(self._skipped) > 1 else 'it is'} done")
        if self._skipped:
            again = with_option(self._command, "--span", str(spans), "--no-cache")
            self._say(f"to run what is done all the same: {again}")

    def _say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)


class JsonSeries:
    """Writes a series of spans as events for machines, those of its runs between them."""

    def span_started(self, span: int, spans: SpanRange, state: SpanState) -> None:
        """Event span_started."""
        resumed = state.interrupted.id if state.interrupted else None
        write_event("span_started", span=span, spans=str(spans), resumed_run=resumed, why=state.why)

    def span_skipped(self, span: int, spans: SpanRange, run: str) -> None:
        """Event span_skipped."""
        write_event("span_skipped", span=span, spans=str(spans), run_id=run)

    def series_ended(self, pipeline: str, spans: SpanRange, store: MetadataStore) -> None:
        """Event series_ended, with how each span of the pipeline went."""
        found = Lineage(store).spans(pipeline)
        write_event("series_ended", pipeline=pipeline, spans=str(spans), by_span=found.to_json())
