"""The page of a pipeline's spans, as a file."""

from pathlib import Path

import pytest

from headrace.cli.written_spans import written_spans
from headrace.errors import UserError
from headrace.lineage.spans import NOT_JUDGED, SpanFacts, Spans
from headrace.settings import Settings

FACTS = SpanFacts(3, "1", "succeeded", 1, None, None, None, None, None, None, None, NOT_JUDGED, "", None, None, None)


def test_the_page_of_a_pipeline_with_a_slash_in_its_name_is_a_file_of_the_pages(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    path = written_spans(Spans("team/taxi", None, (FACTS,)), settings)
    assert path == settings.pages / "team%2Ftaxi-spans.html"
    assert "<title>team/taxi by span</title>" in path.read_text()


def test_a_pipeline_may_have_a_name_that_is_too_long_for_a_file(tmp_path: Path) -> None:
    path = written_spans(Spans("月" * 100, None, (FACTS,)), Settings(home=tmp_path / "home"))
    assert path.is_file()


def test_a_page_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(UserError, match="the chart cannot be written"):
        written_spans(Spans("taxi", None, (FACTS,)), Settings(home=tmp_path / "home"))
