"""What comes of a message, by what the other side does."""

import pytest

from components.notify.sending import Delivery, send
from tests.components.notify.conftest import SECRET, SILENCE, Webhook


@pytest.mark.parametrize(
    ("states", "attempts", "problem"),
    [
        ([200], 1, ""),
        ([204], 1, ""),
        ([429, 500, 200], 3, ""),
        ([503], 3, "127.0.0.1 answered 503 Service Unavailable"),
        ([404], 1, "127.0.0.1 answered 404 Not Found"),
        ([302], 1, "127.0.0.1 answered 302 Found"),
    ],
    ids=["taken", "taken without a word", "taken at last", "down", "gone", "elsewhere"],
)
def test_what_may_pass_is_tried_again_and_what_may_not_is_not(
    webhook: Webhook, states: list[int], attempts: int, problem: str
) -> None:
    webhook.states = states
    assert send(webhook.url, {"text": "x"}, attempts=3, seconds=5) == Delivery(attempts, problem)
    assert webhook.received == [{"text": "x"}] * attempts


def test_a_webhook_that_never_answers_is_given_up(webhook: Webhook) -> None:
    webhook.states = [SILENCE]
    delivery = send(webhook.url, {"text": "x"}, attempts=1, seconds=0.1)
    assert delivery == Delivery(1, "127.0.0.1 cannot be reached: TimeoutError")


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        (f"http://127.0.0.1:1/{SECRET}", "127.0.0.1 cannot be reached: [Errno 111] Connection refused"),
        (f"hooks.example.com/{SECRET}", "its address is none of http or https"),
        (f"http://[::1/{SECRET}", "its address is none of http or https"),
        (f"http://no host/{SECRET}", "no host cannot be reached: "),
    ],
    ids=["nobody listens", "no scheme", "no address", "no host"],
)
def test_an_address_that_leads_nowhere_is_a_problem_that_does_not_name_its_path(address: str, problem: str) -> None:
    delivery = send(address, {"text": "x"}, attempts=1, seconds=5)
    assert delivery.problem.startswith(problem)
    assert SECRET not in delivery.problem
