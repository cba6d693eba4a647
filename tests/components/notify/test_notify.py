"""What a webhook is told of real runs, by a server that is really asked."""

from pathlib import Path

import pytest
from tfx.dsl.components.base.base_node import BaseNode

from components.notify.component import Notify
from headrace.contents.notification import Notification, read_notification
from headrace.errors import RunFailedError
from headrace.orchestration.outcomes import NodeState
from headrace.orchestration.request import RunRequest
from headrace.settings import Settings
from tests.components.notify.conftest import SECRET, SILENCE, Webhook
from tests.components.notify.made_artifacts import Drift, Judge, Push, Train
from tests.headrace.orchestration.runs.conftest import Ran, RunPipeline
from tests.small_components import Flaky, Raise


def judged(blessed: bool, reason: str = "") -> list[BaseNode]:
    train = Train()
    judge = Judge(blessed=int(blessed), reason=reason, model=train.outputs["model"])
    return [train, judge]


def noted(ran: Ran) -> Notification:
    [execution] = ran.of("Notify")
    [artifact] = ran.store.outputs(execution.id)["notification"]
    notification = read_notification(Path(artifact.uri))
    assert artifact.properties["delivered"] == int(notification.delivered)
    return notification


def test_a_blessed_model_and_where_it_was_pushed_is_told_as_json(run_pipeline: RunPipeline, webhook: Webhook) -> None:
    nodes = judged(blessed=True)
    push = Push(model=nodes[0].outputs["model"])
    push.add_upstream_node(nodes[1])
    ran = run_pipeline("small", [*nodes, push, Notify(after=[push])])
    assert ran.run is not None
    [message] = webhook.received
    assert (message["pipeline"], message["run"]) == ("small", ran.run.id)
    [event] = message["events"]
    assert event["event"] == "blessed"
    assert event["text"].endswith("; blessed as served; pushed to /serving/1")
    assert message["text"] == f"small run {ran.run.id}\nblessed: {event['text']}"
    assert noted(ran) == Notification("HEADRACE_WEBHOOK", ("blessed",), message, attempts=1)


def test_a_rejection_is_told_to_slack_with_its_reason(run_pipeline: RunPipeline, webhook: Webhook) -> None:
    nodes = judged(blessed=False, reason="it answers <nan> & no number")
    ran = run_pipeline("small", [*nodes, Notify(after=nodes, format="slack")])
    assert ran.run is not None
    model = ran.store.artifacts("Model")[0].id
    [message] = webhook.received
    text = f"Model {model} not blessed as served: it answers &lt;nan&gt; &amp; no number"
    assert message == {"text": f"*small* run {ran.run.id}\n*rejected*: {text}"}


def test_drift_is_told_and_data_that_did_not_drift_is_not(run_pipeline: RunPipeline, webhook: Webhook) -> None:
    drifts = Drift(drifted=2, verdict="temperature and wind drifted")
    quiet = Drift(drifted=0, verdict="nothing drifted").with_id("Quiet")
    run_pipeline("small", [drifts, quiet, Notify(after=[drifts, quiet])])
    [message] = webhook.received
    assert message["events"] == [{"event": "drift", "text": "temperature and wind drifted"}]


def test_a_failure_is_told_by_the_run_that_fails(run_pipeline: RunPipeline, webhook: Webhook) -> None:
    nodes = judged(blessed=True)
    fails = Raise(message="no such column")
    nodes[0].add_upstream_node(fails)
    ran = run_pipeline("small", [fails, *nodes, Notify(after=nodes)])
    assert isinstance(ran.error, RunFailedError)
    assert ran.of("Judge") == []
    [message] = webhook.received
    [event] = message["events"]
    assert event["event"] == "failure"
    assert event["text"].startswith("Raise failed: ValueError: no such column\n  where: ")


def test_a_run_that_goes_on_after_a_failure_tells_of_its_own_end(
    run_pipeline: RunPipeline, webhook: Webhook, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()

    def nodes() -> list[BaseNode]:
        flaky = Flaky(marks=str(marks), failures=1)
        made = judged(blessed=True)
        made[0].add_upstream_node(flaky)
        return [flaky, *made, Notify(after=made)]

    assert run_pipeline("small", nodes()).error is not None
    assert run_pipeline("small", nodes(), RunRequest(resume=True)).error is None
    assert [[one["event"] for one in message["events"]] for message in webhook.received] == [["failure"], ["blessed"]]


def test_only_what_is_asked_for_is_told(run_pipeline: RunPipeline, webhook: Webhook) -> None:
    nodes = judged(blessed=True)
    ran = run_pipeline("small", [*nodes, Notify(after=nodes, on=["rejected", "failure"])])
    assert webhook.received == []
    assert noted(ran).text == "Nothing to tell: none of the events that are asked for."


def test_each_run_is_told_though_nothing_in_it_changed(run_pipeline: RunPipeline, webhook: Webhook) -> None:
    for _ in range(2):
        nodes = judged(blessed=True)
        ran = run_pipeline("small", [*nodes, Notify(after=nodes)], enable_cache=True)
    assert ran.states == {"Train": NodeState.CACHED, "Judge": NodeState.CACHED, "Notify": NodeState.SUCCEEDED}
    first, second = webhook.received
    assert first["run"] != second["run"]
    assert [one["event"] for one in second["events"]] == ["blessed"]


def test_a_webhook_that_is_not_available_for_a_moment_is_asked_again(
    run_pipeline: RunPipeline, webhook: Webhook
) -> None:
    webhook.states = [503, 503, 200]
    nodes = judged(blessed=True)
    ran = run_pipeline("small", [*nodes, Notify(after=nodes)])
    assert len(webhook.received) == 3
    assert (noted(ran).delivered, noted(ran).attempts) == (True, 3)


def test_a_webhook_that_cannot_be_reached_fails_nothing_and_its_address_is_written_nowhere(
    run_pipeline: RunPipeline, webhook: Webhook, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_WEBHOOK", f"http://127.0.0.1:1/services/{SECRET}")
    nodes = judged(blessed=True)
    ran = run_pipeline("small", [*nodes, Notify(after=nodes, attempts=2)])
    assert ran.error is None
    assert noted(ran).problem == "127.0.0.1 cannot be reached: [Errno 111] Connection refused"
    files = [path for path in settings.home.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_a_webhook_that_took_the_message_and_never_answered_is_not_said_to_have_been_told_nothing(
    run_pipeline: RunPipeline, webhook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    webhook.states = [SILENCE]
    nodes = judged(blessed=True)
    ran = run_pipeline("small", [*nodes, Notify(after=nodes, attempts=1, seconds=0.5)])
    assert len(webhook.received) == 1
    assert (noted(ran).delivered, noted(ran).uncertain) == (False, True)
    problem = "127.0.0.1 was sent the message and did not answer: no answer within 0.5 s"
    assert f"note: Whether anybody was told (blessed) is not known: {problem}\n" in capsys.readouterr().out


def test_a_webhook_whose_address_is_malformed_fails_nothing(
    run_pipeline: RunPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_WEBHOOK", f"https://hooks..example.com/{SECRET}")
    nodes = judged(blessed=True)
    ran = run_pipeline("small", [*nodes, Notify(after=nodes)])
    assert ran.error is None
    assert noted(ran).problem == "its host 'hooks..example.com', or the port, is malformed"


def test_a_webhook_whose_address_is_not_set_fails_nothing_and_is_noted_on_the_console(
    run_pipeline: RunPipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HEADRACE_WEBHOOK", raising=False)
    drifts = Drift(drifted=1, verdict="")
    ran = run_pipeline("small", [drifts, Notify(after=[drifts])])
    assert ran.error is None
    assert noted(ran).payload["events"] == [{"event": "drift", "text": "1 feature drifted"}]
    told = "note: Nobody was told (drift): the environment variable HEADRACE_WEBHOOK is not set"
    assert f"{told}\n" in capsys.readouterr().out
