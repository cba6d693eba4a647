from tfx.types.standard_artifacts import ExampleStatistics

from components.drift_monitor.references import CANDIDATES, CURRENT, MODEL, PreviousSpans, TrainedOn


def of_span(span: int, number: int) -> ExampleStatistics:
    made = ExampleStatistics()
    made.span, made.id = span, number
    return made


def spans(strategy: PreviousSpans, current: int) -> list[tuple[int, int]]:
    recorded = [of_span(1, 10), of_span(2, 20), of_span(2, 25), of_span(3, 30), of_span(5, 50)]
    found = strategy.resolve_artifacts(None, {CANDIDATES: recorded, CURRENT: [of_span(current, 99)]})
    return [(one.span, one.id) for one in found[CANDIDATES]]


def test_the_previous_span_is_the_newest_before_the_current_one_whatever_came_later() -> None:
    assert spans(PreviousSpans(), current=3) == [(2, 25)]
    assert spans(PreviousSpans(), current=5) == [(3, 30)]


def test_a_window_has_one_artifact_a_span_and_may_be_shorter_than_asked() -> None:
    assert spans(PreviousSpans(count=2), current=5) == [(2, 25), (3, 30)]
    assert spans(PreviousSpans(count=9), current=3) == [(1, 10), (2, 25)]


def test_the_first_span_has_none_before_it_and_no_model_was_trained_on_anything() -> None:
    assert spans(PreviousSpans(), current=1) == []
    assert TrainedOn().resolve_artifacts(None, {CANDIDATES: [of_span(1, 10)], MODEL: []})[CANDIDATES] == []
