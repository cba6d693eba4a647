import os
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.warm_server.address import SET_BY_IMPORT, address, environment

IMPORT = """
import importlib
from headrace.orchestration.preload import PRELOAD
for module in PRELOAD:
    importlib.import_module(module)
"""


def told(script: str, **variables: str) -> str:
    """What a Python process prints that starts with these environment variables."""
    unmarked = {name: value for name, value in os.environ.items() if name not in SET_BY_IMPORT}
    return subprocess.run(
        [sys.executable, "-c", script], env={**unmarked, **variables}, text=True, capture_output=True, check=True
    ).stdout


def test_the_address_is_the_same_as_long_as_nothing_changes() -> None:
    assert address(["json"]) == address(["json"])
    assert address(["json"]).startswith(environment())
    assert str(os.getuid()) in environment()


def test_a_variable_that_is_read_at_import_makes_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = environment()
    monkeypatch.setenv("HEADRACE_HOME", "/elsewhere")
    assert environment() == before
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert environment() != before


def test_what_importing_tfx_sets_makes_no_other_environment_but_what_a_user_sets_does() -> None:
    tell = "from headrace.warm_server.address import environment; before = environment()\n"
    imported, as_before = tell + IMPORT + "print(environment(), before)", tell + "print(before)"
    assert len(set(told(imported).split())) == 1
    assert told(as_before, TF_USE_LEGACY_KERAS="1") != told(as_before)
    assert len(set(told(imported, TF_USE_LEGACY_KERAS="1").split())) == 1


def test_a_process_that_could_not_be_as_the_caller_is_makes_another_environment() -> None:
    tell = "from headrace.warm_server.address import environment; "
    soft, hard, nice = (
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
        "os.nice(1)",
    )
    before = told(f"{tell}print(environment())")
    assert told(f"import os, resource; {soft}; {tell}print(environment())") == before
    for changed in (hard, nice):
        assert told(f"import os, resource; {changed}; {tell}print(environment())") != before


def test_an_installed_package_makes_another_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(packages)])
    before = address([])
    (packages / "new-1.0.dist-info").mkdir()
    assert address([]) != before


def test_what_is_preloaded_makes_another_address() -> None:
    assert address(["json"]) != address(["csv"])
