import json
import subprocess
from pathlib import Path

import pytest

import headrace
from headrace.errors import AnomaliesFoundError
from headrace.orchestration.faults import failure_of, users_line
from headrace.orchestration.outcomes import Failure

HERE = __file__


def fails_here() -> None:
    raise ValueError("no")


def fails_in_a_library() -> None:
    json.loads("{")


def wraps_the_cause() -> None:
    try:
        fails_here()
    except ValueError as error:
        raise RuntimeError("wrapped") from error


def caught(call: str) -> BaseException:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - any failure is what is looked at
        globals()[call]()
    return raised.value


def line_of(code: str) -> int:
    with open(HERE) as file:
        return next(number for number, line in enumerate(file, 1) if line.strip() == code)


def test_a_failure_names_the_users_line() -> None:
    failure = failure_of(caught("fails_here"))
    line = line_of('raise ValueError("no")')
    assert failure == Failure("ValueError", "no", where=f"{HERE}:{line} in fails_here")


def test_the_users_line_is_the_innermost_of_the_users_own_code() -> None:
    line = line_of('json.loads("{")')
    assert users_line(caught("fails_in_a_library")) == f"{HERE}:{line} in fails_in_a_library"


def test_a_cause_in_the_users_code_is_found_behind_an_error_of_a_library() -> None:
    error = subprocess.SubprocessError("the library's own")
    error.__cause__ = caught("fails_here")
    assert users_line(error).endswith("in fails_here")


def test_the_outer_error_comes_before_its_cause() -> None:
    failure = failure_of(caught("wraps_the_cause"))
    assert failure.kind == "RuntimeError"
    assert failure.where.endswith("in wraps_the_cause")


def test_an_error_that_never_met_the_users_code_has_no_line() -> None:
    assert users_line(ValueError("made, never raised")) == ""
    code = compile("raise ValueError('from a string')", "<string>", "exec")
    with pytest.raises(ValueError, match="from a string") as raised:
        exec(code)
    error = raised.value
    assert error.__traceback__ is not None
    error.__traceback__ = error.__traceback__.tb_next  # leaves the frame of this test out
    assert users_line(error) == ""


def test_code_beside_headrace_whose_folder_begins_with_its_name_is_the_users() -> None:
    neighbour = f"{Path(headrace.__path__[0])}_at_work/model.py"
    with pytest.raises(ZeroDivisionError) as raised:
        exec(compile("1 / 0", neighbour, "exec"))
    assert users_line(raised.value) == f"{neighbour}:1 in <module>"


def test_a_headrace_error_brings_its_own_facts() -> None:
    error = AnomaliesFoundError("2 anomalies", where="data", why="tips missing", next_step="headrace show 3")
    assert failure_of(error) == Failure("AnomaliesFoundError", "2 anomalies", "data", "tips missing", "headrace show 3")


def test_of_pages_of_message_the_first_line_and_the_last_two_stay() -> None:
    assert failure_of(ValueError("\nsays it\n\n  frame\n  frame\n  the reason\nwhere\n")).message == (
        "says it\n...\nthe reason\nwhere"
    )


def test_a_short_message_stays_whole() -> None:
    assert failure_of(ValueError("one\ntwo\nthree")).message == "one\ntwo\nthree"


def test_an_error_without_a_message_says_so() -> None:
    assert failure_of(KeyboardInterrupt()) == Failure("KeyboardInterrupt", "no message")


def test_a_failure_reads_as_kind_message_and_the_facts_that_are_known() -> None:
    assert str(Failure("died", "it ended", next_step="less log")) == "died: it ended\n  next: less log"
