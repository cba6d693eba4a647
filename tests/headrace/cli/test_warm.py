import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.cli.warm import begin_server
from headrace.errors import SettingsError
from headrace.orchestration import preload
from headrace.warm_server.address import variables
from headrace.warm_server.client import statuses, stop

# In a process of its own, for the server ends with it.
A_COMMAND = """
import sys
from pathlib import Path
from headrace.cli.warm import begin_server
from headrace.orchestration import preload
from headrace.warm_server.client import statuses
preload.PRELOAD = ()
server = begin_server(Path(sys.argv[1]), no_server=bool(int(sys.argv[2])))
print(server.is_new, server.is_shared, statuses())
"""


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An environment of the test's own, whose servers import little."""
    monkeypatch.setenv("TFX_OF_A_TEST", str(tmp_path))
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


def test_a_server_that_is_set_to_nonsense_is_not_begun(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.headrace]\nserver = "nonsense"\n')
    with pytest.raises(SettingsError, match="server"):
        begin_server(tmp_path, no_server=False)
    assert statuses() == []
