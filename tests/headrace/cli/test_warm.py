import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headrace.cli.warm import begin_server, in_warm_process, may_end
from headrace.errors import RunFailedError, SettingsError, UserError
from headrace.orchestration import preload
from headrace.warm_server.address import variables
from headrace.warm_server.client import statuses, stop

# In a process of its own, for the server ends with it.
A_COMMAND = """
import sys
from pathlib import Path
from headrace.cli.warm import begin_server, in_warm_process, may_end
from headrace.orchestration import preload
from headrace.warm_server.client import statuses
preload.PRELOAD = ()
sys.prefix = sys.argv[1]  # for servers are this installation's
server = begin_server(Path(sys.argv[1]), no_server=bool(int(sys.argv[2])))
print(server.is_new, server.is_shared, statuses())
"""


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An environment of the test's own, whose servers import little."""
    monkeypatch.setenv("TFX_OF_A_TEST", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))  # for servers are this installation's
    monkeypatch.setattr(preload, "PRELOAD", ())
    yield
    stop()


@pytest.mark.parametrize("text", ["", "[tool.other]\nserver = 3\n", "[tool.headrace]\nserver = true\n"])
def test_a_command_begins_the_shared_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    server = begin_server(tmp_path, no_server=False)
    assert server.is_new
    assert server.is_shared
    assert not begin_server(tmp_path, no_server=False).is_new
    assert len(statuses()) == 1


@pytest.mark.parametrize(("text", "no_server"), [("[tool.headrace]\nserver = false\n", False), ("", True)])
def test_where_none_is_to_be_left_behind_there_is_none_to_share(tmp_path: Path, text: str, no_server: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    command = [sys.executable, "-c", A_COMMAND, str(tmp_path), str(int(no_server))]
    ran = subprocess.run(command, env=variables(), capture_output=True, text=True, check=True)
    assert ran.stdout == "True False []\n"
    assert statuses() == []


def ends_itself(code: int) -> None:
    os._exit(code)


def says_and_ends_itself(code: int) -> None:
    may_end()
    os._exit(code)


def closes_all_files_and_ends(code: int) -> None:
    os.closerange(3, 300)
    raise SystemExit(code)


def refuses(code: int) -> None:
    raise SettingsError(str(code))


@pytest.mark.parametrize("code", [0, 3])
def test_a_process_that_ends_itself_has_not_succeeded(tmp_path: Path, code: int) -> None:
    with pytest.raises(RunFailedError, match=f"ended itself, with exit code {code}, before it was done"):
        in_warm_process("x", begin_server(tmp_path, no_server=False), ends_itself, code)


@pytest.mark.parametrize(
    ("function", "code"),
    [(says_and_ends_itself, 0), (says_and_ends_itself, 3), (refuses, 2), (closes_all_files_and_ends, 0)],
)
def test_what_is_done_may_end_as_it_likes(tmp_path: Path, function: Callable[[int], None], code: int) -> None:
    with pytest.raises(SystemExit) as ended:
        in_warm_process("x", begin_server(tmp_path, no_server=False), function, code)
    assert ended.value.code == code


def is_interrupted() -> None:
    raise KeyboardInterrupt


def test_an_interrupt_before_a_run_is_no_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        in_warm_process("x", begin_server(tmp_path, no_server=False), is_interrupted)
    assert ended.value.code == 130
    assert "error: stopped\n" in capfd.readouterr().err


def test_a_server_that_is_set_to_nonsense_is_not_begun(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.headrace]\nserver = "nonsense"\n')
    with pytest.raises(SettingsError, match="server"):
        begin_server(tmp_path, no_server=False)
    assert statuses() == []


def test_a_limit_of_no_bytes_a_file_is_one_message(tmp_path: Path) -> None:
    server = begin_server(tmp_path, no_server=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(UserError, match="ulimit -f unlimited"):
            in_warm_process("x", server, refuses, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
