import inspect
import pickle

import pytest

from headrace import errors
from headrace.errors import (
    AnomaliesFoundError,
    HeadraceError,
    InputDataError,
    RunFailedError,
    SettingsError,
    UnknownNameError,
    UserError,
    first_cause,
    reported,
)

FAMILY = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, HeadraceError)]


def test_the_message_says_what_where_why_and_the_next_step() -> None:
    error = HeadraceError("the tap is shut", where="cellar", why="winter", next_step="open it")
    assert str(error) == "the tap is shut\n  where: cellar\n  why: winter\n  next: open it"


def test_facts_that_are_not_known_take_no_line() -> None:
    assert str(HeadraceError("the tap is shut")) == "the tap is shut"
    assert str(HeadraceError("the tap is shut", why="winter")) == "the tap is shut\n  why: winter"


@pytest.mark.parametrize("kind", FAMILY)
def test_an_error_crosses_a_process_boundary_whole(kind: type[HeadraceError]) -> None:
    error = pickle.loads(pickle.dumps(kind("what", where="where", why="why", next_step="next")))
    assert type(error) is kind
    assert (error.what, error.where, error.why, error.next_step) == ("what", "where", "why", "next")


@pytest.mark.parametrize("kind", FAMILY)
def test_the_drawn_tree_has_every_error(kind: type[HeadraceError]) -> None:
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__


def test_a_mistyped_name_suggests_the_nearest_one() -> None:
    error = UnknownNameError.among("pipeline", "taxy", ["penguin", "taxi"], where="pipelines")
    assert isinstance(error, UnknownNameError)
    assert error.what == "there is no pipeline 'taxy'"
    assert error.why == "did you mean 'taxi'?"
    assert error.where == "pipelines"


def test_a_name_like_no_other_lists_the_known_ones_in_order() -> None:
    assert UnknownNameError.among("pipeline", "zzz", ["taxi", "penguin"]).why == "known: penguin, taxi"
    assert UnknownNameError.among("pipeline", "zzz", []).why == "known: none"


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (UserError("no"), 2),
        (InputDataError("no"), 2),
        (SettingsError("no"), 2),
        (AnomaliesFoundError("no"), 1),
        (RunFailedError("no"), 1),
    ],
)
def test_a_reported_error_ends_the_process_with_its_message_and_code(
    error: HeadraceError, exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, reported():
        raise error
    assert ended.value.code == exit_code
    assert capsys.readouterr() == ("", "error: no\n")


def test_an_error_of_another_family_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), reported():
        raise ZeroDivisionError


def test_nothing_is_reported_where_nothing_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with reported():
        pass
    assert capsys.readouterr() == ("", "")


def test_a_name_is_never_suggested_for_itself() -> None:
    error = UnknownNameError.among("artifact or run", "latest", ["latest", "late"])
    assert error.why == "did you mean 'late'?"


def test_the_first_cause_is_what_led_to_an_error_and_a_circle_of_causes_ends() -> None:
    first, middle, last = OSError("no route"), ValueError("refused"), KeyError("failed")
    assert first_cause(first) is first
    last.__cause__, middle.__context__ = middle, first
    assert first_cause(last) is first
    first.__cause__ = last
    assert first_cause(last) is first
