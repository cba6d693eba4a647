"""Events on their way to a real server: it takes them, refuses them, is busy, or is not there."""

import pytest

from headrace.errors import EventsRefusedError, UserError
from headrace.lineage.openlineage_sending import line_of, send
from tests.headrace.lineage.conftest import Recorder
from tests.headrace.lineage_server import lineage_server


def test_a_server_gets_the_lines_one_by_one_in_order(recorder: Recorder) -> None:
    recorder.model("1", recorder.data("1"))
    events = recorder.lineage.openlineage()
    with lineage_server() as server:
        send(events, server.url)
    assert [one.body for one in server.posted] == [line_of(event) for event in events]
    assert {(one.path, one.authorization) for one in server.posted} == {("/api/v1/lineage", None)}


def test_the_key_and_the_path_are_those_of_the_environment(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "secret")
    monkeypatch.setenv("OPENLINEAGE_ENDPOINT", "events/here")
    recorder.data("1")
    with lineage_server() as server:
        send(recorder.lineage.openlineage(), server.url)
    assert {(one.path, one.authorization) for one in server.posted} == {("/events/here", "Bearer secret")}


def test_a_busy_server_is_asked_again(recorder: Recorder) -> None:
    recorder.data("1")
    events = recorder.lineage.openlineage()
    with lineage_server([(503, "busy")]) as server:
        send(events, server.url)
    lines = [line_of(event) for event in events]
    assert [one.body for one in server.posted] == [lines[0], *lines]


def test_a_refused_event_is_an_error_that_says_what_was_sent(recorder: Recorder) -> None:
    recorder.data("1")
    with lineage_server([(201, ""), (400, "no such namespace")]) as server:
        with pytest.raises(EventsRefusedError) as raised:
            send(recorder.lineage.openlineage(), server.url)
        assert len(server.posted) == 2
    error = raised.value
    assert (error.exit_code, error.where) == (1, server.url)
    assert error.what == "the server refused the START of small.Gen: 1 of 4 events were sent, 3 were not"
    assert error.why == "400 Bad Request: no such namespace"


def test_a_server_that_is_down_is_an_error_too(recorder: Recorder) -> None:
    recorder.data("1")
    with lineage_server() as server:
        pass
    with pytest.raises(EventsRefusedError, match="the server did not take the START of small") as raised:
        send(recorder.lineage.openlineage(), server.url)
    assert "refused" in raised.value.why.lower()
    assert raised.value.what.endswith("0 of 4 events were sent, 4 were not")


@pytest.mark.parametrize("url", ["localhost", "", "nonsense://"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="is no URL of a server"):
        send([], url)


@pytest.mark.parametrize(
    "url", ["ada:secret@localhost", "http://ada:secret@[localhost", "http://ada:sec/ret@127.0.0.1:1"]
)
def test_what_is_no_url_is_refused_without_the_password_in_it(url: str) -> None:
    with pytest.raises(UserError, match="is no URL of a server") as raised:
        send([], url)
    assert "ada" not in str(raised.value)
    assert "ret" not in str(raised.value)


def test_an_error_shows_neither_a_password_nor_a_token(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_ENDPOINT", "events?code=secret")
    recorder.data("1")
    with lineage_server([(404, "Cannot POST /events?code=secret")]) as server:
        url = server.url.replace("://", "://ada:secret@")
        with pytest.raises(EventsRefusedError) as refused:
            send(recorder.lineage.openlineage(), url)
    with pytest.raises(EventsRefusedError) as not_there:
        send(recorder.lineage.openlineage(), f"{url}/?token=secret")
    assert server.posted[0].authorization is not None
    assert server.posted[0].path == "/events?code=secret"
    assert refused.value.why == "404 Not Found: Cannot POST /events?..."
    assert not_there.value.why == "Connection refused"
    for error in (refused.value, not_there.value):
        assert error.where.rstrip("/") == server.url
        assert "secret" not in str(error)
