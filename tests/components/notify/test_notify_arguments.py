"""What Notify refuses when the pipeline is built."""

from typing import Any

import pytest

from components.notify.component import Notify
from headrace.errors import UserError
from tests.small_components import Number


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"after": []}, "after=[]"),
        ({"after": ["Pusher"]}, "after=['Pusher']"),
        ({"url_variable": "https://hooks.example.com/T0SECRET"}, "the address itself is a secret"),
        ({"url_variable": ""}, "the name of an environment variable"),
        ({"format": "slak"}, "there is no format of Notify 'slak'\n  why: did you mean 'slack'?"),
        ({"on": "failure"}, "on='failure'"),
        ({"on": []}, "on=[]"),
        ({"on": ["failed"]}, "there is no event of Notify 'failed'\n  why: did you mean 'failure'?"),
        ({"attempts": 0}, "attempts=0"),
        ({"attempts": True}, "attempts=True"),
        ({"seconds": 0}, "seconds=0"),
        ({"seconds": "10"}, "seconds='10'"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused_when_the_pipeline_is_built(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as raised:
        Notify(**{"after": [Number(value=1)]} | arguments)
    assert message in str(raised.value)
    assert "T0SECRET" not in str(raised.value)
