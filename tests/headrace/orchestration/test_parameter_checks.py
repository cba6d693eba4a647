import pytest

from headrace.errors import ParameterError, UnknownNameError
from headrace.orchestration.parameter_checks import check_parameters


def even(value: int) -> None:
    if value % 2:
        raise UnknownNameError("it is odd", why="2 does not divide it")


def test_a_value_is_refused_by_its_name_with_what_the_pipeline_says_of_it() -> None:
    with pytest.raises(ParameterError) as raised:
        check_parameters({"pairs": 3, "others": 5}, {"pairs": even})
    assert raised.value.what == "the parameter 'pairs' cannot be 3"
    assert raised.value.why == "it is odd: 2 does not divide it"
    assert raised.value.next_step == "give it another value with --set pairs=VALUE"


def test_what_a_check_takes_is_taken_and_a_check_of_no_parameter_is_nothing() -> None:
    check_parameters({"pairs": 4}, {"pairs": even, "not there": even})
