from pathlib import Path

import pytest

from headrace.orchestration.node_process import start_server


@pytest.fixture(scope="session")
def warm_server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of the one warm server that all tests of this process share; it ends with them."""
    log = tmp_path_factory.mktemp("server") / "server.log"
    start_server(log)
    return log
