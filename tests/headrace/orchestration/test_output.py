import ctypes
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.orchestration.output import STDERR, logging_to, notes_to_stderr, printing_to, quietly, usable_streams

LIBC = ctypes.CDLL(None)


def print_in_every_way(word: str) -> None:
    print(f"{word} by print")
    print(f"{word} to stderr", file=sys.stderr)
    os.write(1, f"{word} by descriptor\n".encode())
    LIBC.dprintf(2, f"{word} by native code\n".encode())
    subprocess.run(["echo", f"{word} by a child"], check=True)


WAYS = ("by print", "to stderr", "by descriptor", "by native code", "by a child")


def test_what_is_printed_goes_to_the_file_and_then_to_the_console_again(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "node.log"
    code = (
        f"from pathlib import Path\nfrom {__name__} import print_in_every_way\n"
        "from headrace.orchestration.output import printing_to\n"
        "print_in_every_way('before')\n"
        f"with printing_to(Path({str(log)!r})):\n    print_in_every_way('inside')\n"
        "print_in_every_way('after')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    console = ran.stdout + ran.stderr
    assert sorted(log.read_text().splitlines()) == sorted(f"inside {way}" for way in WAYS)
    assert sorted(console.splitlines()) == sorted(f"{word} {way}" for word in ("before", "after") for way in WAYS)


def test_the_file_is_added_to(tmp_path: Path) -> None:
    log = tmp_path / "node.log"
    for word in ("one", "two"):
        with printing_to(log):
            os.write(1, f"{word}\n".encode())
    assert log.read_text() == "one\ntwo\n"


def test_the_console_is_given_back_after_an_error_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    open_before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ZeroDivisionError), printing_to(tmp_path / "log"):
        raise ZeroDivisionError
    os.write(1, b"shown")
    os.write(2, b"shown too")
    assert capfd.readouterr() == ("shown", "shown too")
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_what_is_logged_goes_to_the_file_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "logs" / "orchestrator.log"
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    with logging_to(log):
        logging.getLogger("a.library").info("opened the sluice")
        logging.debug("too much detail")
    logging.info("after")
    text = log.read_text()
    assert "INFO a.library: opened the sluice" in text
    assert "too much detail" not in text
    assert "after" not in text
    assert "sluice" not in "".join(capfd.readouterr())
    assert (root.handlers, root.level) == (handlers, level)


def test_only_what_is_asked_for_goes_to_the_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    with printing_to(log, [STDERR]):
        os.write(1, b"event")
        os.write(2, b"noise")
    assert log.read_text() == "noise"
    assert capfd.readouterr() == ("event", "")


def test_what_is_printed_quietly_is_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with quietly():
        os.write(1, b"noise")
        LIBC.dprintf(2, b"noise by native code")
        subprocess.run(["echo", "noise by a child"], check=True)
    os.write(1, b"answer")
    os.write(2, b"after")
    assert capfd.readouterr() == ("answer", "after")


def test_what_was_printed_quietly_is_shown_after_all_on_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ImportError), quietly():  # noqa: PT012
        os.write(1, b"the step before")
        os.write(2, b"the reason")
        raise ImportError
    out, err = capfd.readouterr()
    assert (out, "the step before" in err, "the reason" in err) == ("", True, True)


def test_an_error_that_explains_itself_is_all_that_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError), quietly():  # noqa: PT012
        os.write(2, b"noise")
        raise UserError("there is no such node")
    assert capfd.readouterr() == ("", "")


def test_streams_that_a_program_took_away_or_closed_are_put_back_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    closed = open(tmp_path / "closed", "w")  # noqa: SIM115 - it is to be closed
    closed.close()
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", closed)
    with quietly(), printing_to(tmp_path / "log"):
        pass
    with usable_streams():
        print("out")
        print("err \udce9", file=sys.stderr)
    assert (sys.stdout, sys.stderr) == (None, closed)
    assert capfd.readouterr() == ("out\n", "err \\udce9\n")


def test_a_note_of_a_path_that_is_no_text_is_written_all_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    with notes_to_stderr() as note:
        note("caf\udce9.sqlite is locked")
    assert "note: caf\\udce9.sqlite is locked\n" in capfd.readouterr().err
