import json
import os
import subprocess
import traceback
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
import tensorflow as tf
from tfx.dsl.io.filesystem import NotFoundError
from tfx.dsl.io.plugins.local import LocalFilesystem

import headrace
from headrace.acceleration.splitting import HashSplit
from headrace.errors import AnomaliesFoundError, HeadraceError, InputDataError
from headrace.orchestration.cached_outputs import output_manifest
from headrace.orchestration.compilation import set_cache
from headrace.orchestration.faults import WITHOUT_STAND_IN, explain, failure_of, users_line
from headrace.orchestration.outcomes import Failure
from headrace.orchestration.request import RunRequest

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


def fails_in_headrace() -> None:
    set_cache([None], RunRequest())  # type: ignore[list-item]


def fails_in_a_package_that_headrace_calls() -> None:
    output_manifest("nobodys://place")


def fails_in_beam(error: Exception) -> None:
    def fail(element: int) -> int:
        raise error

    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        _ = pipeline | beam.Create([1]) | "Clean" >> beam.Map(fail)


def fails_in_a_tree() -> None:
    try:
        LocalFilesystem.listdir("/not/there")
    except OSError as error:
        raise ExceptionGroup("2 folders", [error, ValueError("the other")]) from None


class HasNoTextError(Exception):
    def __str__(self) -> str:
        raise AttributeError("text")


def family(kind: type[HeadraceError]) -> list[type[HeadraceError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in family(child))]


def without_this_file(error: BaseException) -> BaseException:
    """The error as it would be if no frame of the user's code, here this test's, had been on the way."""
    while error.__traceback__ and error.__traceback__.tb_frame.f_code.co_filename == HERE:
        error.__traceback__ = error.__traceback__.tb_next
    return error


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
    assert failure == Failure("ValueError", "no", where=f"{HERE}:{line} in fails_here", retryable=False)


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
    assert users_line(without_this_file(raised.value)) == ""


def test_code_beside_headrace_whose_folder_begins_with_its_name_is_the_users() -> None:
    neighbour = f"{Path(headrace.__path__[0])}_at_work/model.py"
    with pytest.raises(ZeroDivisionError) as raised:
        exec(compile("1 / 0", neighbour, "exec"))
    assert users_line(raised.value) == f"{neighbour}:1 in <module>"


def test_a_headrace_error_brings_its_own_facts() -> None:
    error = AnomaliesFoundError("2 anomalies", where="data", why="tips missing", next_step="headrace show 3")
    assert failure_of(error) == Failure(
        "AnomaliesFoundError", "2 anomalies", "data", "tips missing", "headrace show 3", retryable=False
    )


@pytest.mark.parametrize("kind", family(HeadraceError))
def test_an_error_that_a_person_has_to_read_is_not_tried_again(kind: type[HeadraceError]) -> None:
    assert not failure_of(kind("it cannot be")).retryable


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no such column"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        TypeError("an int is wanted"),
        KeyError("tips"),
        IndexError(3),
        ZeroDivisionError("division by zero"),
        AssertionError(),
        AttributeError("no such attribute"),
        ModuleNotFoundError("no module"),
        FileNotFoundError(2, "no such file"),
        NotImplementedError("not yet"),
        SyntaxError("invalid"),
        NameError("no such name"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_wrong_today_and_tomorrow_is_not_tried_again(error: Exception) -> None:
    assert not failure_of(error).retryable


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError("reset by peer"),
        TimeoutError("no answer"),
        OSError(28, "No space left on device"),
        MemoryError(),
        RuntimeError("out of luck"),
        subprocess.CalledProcessError(1, "fetch"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_by_itself_is_tried_again(error: Exception) -> None:
    assert failure_of(error).retryable


@pytest.mark.parametrize(
    ("error", "retryable"), [(ValueError("no trips"), False), (ConnectionError("no answer"), True)]
)
def test_an_error_in_a_beam_step_keeps_its_line_and_whether_to_try_again(error: Exception, retryable: bool) -> None:
    with pytest.raises(type(error)) as raised:
        fails_in_beam(error)
    failure = failure_of(raised.value)
    assert failure == Failure(
        type(error).__name__,
        f"{error} [while running 'Clean']",
        f"{HERE}:{line_of('raise error')} in fail",
        retryable=retryable,
    )


def test_an_error_that_a_person_has_to_read_is_not_tried_again_though_beam_wraps_it() -> None:
    with pytest.raises(RuntimeError) as raised:
        fails_in_beam(AnomaliesFoundError("2 anomalies", next_step="headrace show 3"))
    failure = failure_of(raised.value)
    assert "2 anomalies" in failure.message
    assert failure.where.endswith(" in fail")
    assert not failure.retryable


def test_a_fault_in_a_package_that_headrace_calls_is_not_called_headraces() -> None:
    error = without_this_file(caught("fails_in_a_package_that_headrace_calls"))
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    assert files[0].startswith(headrace.__path__[0])
    failure = failure_of(error)
    assert (failure.where, failure.why, failure.next_step) == ("", "", "")


def test_a_fault_in_headraces_own_code_says_so() -> None:
    failure = failure_of(without_this_file(caught("fails_in_headrace")))
    assert failure.kind == "AttributeError"
    assert (failure.where, failure.why) == ("", "this is a fault in Headrace, not in your code")


def test_a_fault_of_a_stand_in_says_how_to_do_without_it() -> None:
    with pytest.raises(AttributeError) as raised:
        HashSplit.of(None)
    failure = failure_of(without_this_file(raised.value))
    assert failure.why == "this is a fault in Headrace, not in your code"
    assert failure.next_step == WITHOUT_STAND_IN


def test_what_is_known_of_an_error_beside_its_text_is_told_and_shown_in_tracebacks() -> None:
    error = ValueError("no")
    error.add_note("a note of somebody else")
    explain(error, "the column 'at' is a time", "use another component")
    failure = failure_of(error)
    assert (failure.why, failure.next_step) == ("the column 'at' is a time", "use another component")
    assert "  why: the column 'at' is a time\n" in "".join(traceback.format_exception(error))


def test_a_fault_that_the_users_code_led_to_names_the_users_line() -> None:
    failure = failure_of(caught("fails_in_headrace"))
    assert failure.where.endswith(" in fails_in_headrace")
    assert failure.why == ""


def test_a_fault_in_a_library_is_not_headraces() -> None:
    error = without_this_file(caught("fails_in_a_library"))
    assert error.__traceback__ is not None
    assert (failure_of(error).where, failure_of(error).why) == ("", "")


def test_of_pages_of_message_the_first_line_and_the_last_two_stay() -> None:
    assert failure_of(ValueError("\nsays it\n\n  frame\n  frame\n  the reason\nwhere\n")).message == (
        "says it\n...\nthe reason\nwhere"
    )


def test_a_short_message_stays_whole() -> None:
    assert failure_of(ValueError("one\ntwo\nthree")).message == "one\ntwo\nthree"


def test_an_error_without_a_message_says_so() -> None:
    assert failure_of(KeyboardInterrupt()) == Failure("KeyboardInterrupt", "no message")


def test_an_error_without_a_message_has_that_of_its_cause() -> None:
    with pytest.raises(NotFoundError) as raised:
        LocalFilesystem.open("/not/there/[Errno 3]", "r")
    failure = failure_of(raised.value)
    assert (failure.kind, failure.message, failure.retryable) == (
        "NotFoundError",
        "[Errno 2] No such file or directory: '/not/there/[Errno 3]'",
        False,
    )


def test_an_error_whose_text_fails_says_so() -> None:
    assert failure_of(HasNoTextError()).message == "its text cannot be shown: AttributeError"


def test_a_group_of_errors_has_the_line_of_one_of_them() -> None:
    failure = failure_of(without_this_file(caught("fails_in_a_tree")))
    assert (failure.kind, failure.message) == ("ExceptionGroup", "2 folders (2 sub-exceptions)")
    assert failure.where.endswith(" in fails_in_a_tree")


def test_causes_that_go_round_in_a_circle_end() -> None:
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert failure_of(first).message == "no message"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (os.fsdecode(b"caf\xe9.csv"), r"caf\xe9.csv"),
        ("half a pair: \ud83d", r"half a pair: \ud83d"),
        ("café 🚕", "café 🚕"),
    ],
)
def test_a_text_that_is_not_utf_8_can_be_recorded_and_printed(text: str, shown: str) -> None:
    assert failure_of(ValueError(text)).message == shown
    own = failure_of(InputDataError("no rows", where=text))
    assert own.where.encode().decode() == shown


def test_compiled_code_of_a_library_is_not_the_users_line() -> None:
    code = compile("def process():\n    raise TypeError('no key')", "apache_beam/runners/common.py", "exec")
    names: dict[str, Any] = {}
    exec(code, names)
    with pytest.raises(TypeError) as raised:
        names["process"]()
    assert users_line(raised.value).startswith(f"{HERE}:")
    assert users_line(without_this_file(raised.value)) == ""


def test_a_function_that_tensorflow_converted_is_named_as_it_was_written() -> None:
    def reversed_sign(x: tf.Tensor) -> tf.Tensor:
        if tf.reduce_sum(x) > 0:
            raise ValueError("positive")
        return -x

    with pytest.raises(ValueError, match="in user code") as raised:
        tf.function(reversed_sign)(tf.constant([1.0]))
    failure = failure_of(raised.value)
    assert failure.message == "positive"
    line = line_of('raise ValueError("positive")')
    assert failure.where == f"{HERE}:{line} in reversed_sign"


def test_a_syntax_error_names_the_line_that_cannot_be_read(tmp_path: Path) -> None:
    module = tmp_path / "model.py"
    module.write_text("epochs = 3\ndef run_fn(:\n")
    with pytest.raises(SyntaxError) as raised:
        compile(module.read_text(), module, "exec")
    assert users_line(raised.value) == f"{module}:2"


def test_a_failure_reads_as_kind_message_and_the_facts_that_are_known() -> None:
    assert str(Failure("died", "it ended", next_step="less log")) == "died: it ended\n  next: less log"
