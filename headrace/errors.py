"""One family of errors: what happened, where, why, and the next command to type.

HeadraceError
├── UserError               the person asked for something that cannot be; exit code 2
│   ├── UnknownNameError        no pipeline, parameter or artifact of that name
│   ├── ParameterError          a pipeline's parameter has a value it cannot take
│   ├── DefinitionError         the pipeline's own file fails before anything runs
│   ├── InputDataError          input files are missing, empty or unreadable
│   ├── SettingsError           a setting has a value it cannot take
│   ├── HomeError               the home folder cannot be written
│   └── MetadataStoreError      the metadata store cannot be opened
├── AnomaliesFoundError     a gate stopped the run; exit code 1
├── DriftFoundError         a monitor stopped the run; exit code 1
├── EventsRefusedError      a lineage server did not take all events; exit code 1
├── RunFailedError          some nodes failed; exit code 1
└── RunCanceledError        somebody stopped the run; exit code 130, as for Ctrl-C
    └── HungUpError             its terminal was closed; exit code 129
"""

import os
import shlex
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches

_SHOWN = 30  # known names in a message


class HeadraceError(Exception):
    """An error that a person reads: four facts, from which the message is composed.

    Attributes:
        what: what happened, one sentence.
        where: the file, node or setting it is about, or empty.
        why: the reason, or empty.
        next_step: what to do now, a command to type where there is one, or empty.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", why: str = "", next_step: str = "") -> None:
        super().__init__(what, where, why, next_step)
        self.what, self.where, self.why, self.next_step = what, where, why, next_step

    def __str__(self) -> str:
        facts = (("where", self.where), ("why", self.why), ("next", self.next_step))
        return "\n".join([self.what, *(f"  {name}: {fact}" for name, fact in facts if fact)])

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process boundaries; keyword-only arguments do not by themselves.
        return _rebuild, (type(self), self.what, self.where, self.why, self.next_step)


class UserError(HeadraceError):
    """What was asked cannot be done: nothing has run, nothing was recorded."""

    exit_code = 2


class UnknownNameError(UserError):
    """No such pipeline, parameter or artifact; suggests the nearest name."""

    @classmethod
    def among(
        cls, kind: str, name: str, known: Iterable[str], *, where: str = "", next_step: str = ""
    ) -> HeadraceError:
        """An error for `name`, which is none of the `known` names of this `kind`."""
        names = sorted({*known} - {name})  # where it is known, and still stands for nothing: no suggestion
        near = nearest(name, names)
        some = names if len(names) <= _SHOWN else [*names[:_SHOWN], f"and {len(names) - _SHOWN} more"]
        why = f"did you mean {near!r}?" if near else f"known: {', '.join(some) or 'none'}"
        return cls(f"there is no {kind} {name!r}", where=where, why=why, next_step=next_step)


def nearest(name: str, known: Iterable[str]) -> str:
    """Which known name is most like this one; empty where none is."""
    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=0.5)), "")


def first_cause(error: BaseException) -> BaseException:
    """What led to an error in the first place; the error itself where nothing did."""
    seen = {id(error)}
    while (cause := error.__cause__ or error.__context__) is not None and id(cause) not in seen:
        seen.add(id(cause))
        error = cause
    return error


class ParameterError(UserError):
    """A pipeline's parameter has a value it cannot take."""


class DefinitionError(UserError):
    """The pipeline's own file fails before anything runs."""


class InputDataError(UserError):
    """Input files are missing, empty or unreadable."""


class SettingsError(UserError):
    """A setting has a value it cannot take."""


class HomeError(UserError):
    """The home folder cannot be written."""


class MetadataStoreError(UserError):
    """The metadata store cannot be opened; its file is left as it was."""


class AnomaliesFoundError(HeadraceError):
    """A gate found anomalies at or over its severity."""


class EventsRefusedError(HeadraceError):
    """A lineage server did not take all events that were sent to it."""


class DriftFoundError(HeadraceError):
    """A monitor found that the data drifted, and was told to stop then."""


class RunFailedError(HeadraceError):
    """Some nodes of a run failed; the rest is recorded."""


class RunCanceledError(HeadraceError):
    """Somebody stopped the run; what had ended is recorded."""

    exit_code = 130

    @classmethod
    def of_signal(cls, number: int | None) -> type["RunCanceledError"]:
        """Which of these errors a signal is."""
        return HungUpError if number == signal.SIGHUP else RunCanceledError


class HungUpError(RunCanceledError):
    """The terminal was closed that the run was started at; what had ended is recorded."""

    exit_code = 129


def typed(*words: object) -> str:
    """A command as it can be typed: each word quoted where it has to be."""
    return shlex.join(map(str, words))


@contextmanager
def reported() -> Iterator[None]:
    """Ends the process with the error's message and exit code, without a traceback."""
    try:
        yield
    except HeadraceError as error:
        say(f"error: {error}")
        raise SystemExit(error.exit_code) from error
    except KeyboardInterrupt as error:
        say("error: stopped")
        raise SystemExit(RunCanceledError.exit_code) from error


def say(text: str) -> None:
    """Prints a line on standard error, whatever the program did to its stream."""
    if sys.stderr is not None and not sys.stderr.closed:
        with suppress(OSError):  # its terminal was closed
            print(text, file=sys.stderr)
        return
    with suppress(OSError):  # it may have closed the descriptor as well
        os.write(2, f"{text}\n".encode(errors="backslashreplace"))


def _rebuild(kind: type[HeadraceError], what: str, where: str, why: str, next_step: str) -> HeadraceError:
    return kind(what, where=where, why=why, next_step=next_step)
