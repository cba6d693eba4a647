"""The tests leave the home and the store of whoever runs them alone, end, and pass in the background of a script."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.headrace.signals import as_by_nohup_in_a_script

# They remove outputs, read the settings of a project, run a component, and press Ctrl-C.
SOME = (
    "tests/headrace/cli/test_gc.py::test_ctrl_c_is_no_traceback_and_says_how_to_go_on",
    "tests/headrace/orchestration/test_removal.py::test_what_somebody_removed_already_is_marked",
    "tests/headrace/test_settings.py::test_without_a_project_the_home_is_in_the_folder_itself",
    "tests/headrace/testing/test_run_component.py::test_a_component_runs_on_values_and_its_outputs_can_be_read",
    "tests/headrace/testing/test_run_component.py::test_ctrl_c_stops_the_test_runner_and_not_this_test_alone",
)


def test_tests_pass_in_the_background_and_see_no_setting_of_the_environment_they_are_started_in(tmp_path: Path) -> None:
    home = tmp_path / "of the user"
    exported = {
        "HEADRACE_HOME": str(home),
        "HEADRACE_METADATA": "mysql://ann:secret@127.0.0.1:1/metadata",
        "headrace_max_parallel": "none",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *SOME],
        cwd=ROOT,
        env={**os.environ, **exported},
        preexec_fn=as_by_nohup_in_a_script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not home.exists()


def test_a_test_that_waits_for_ever_fails(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    assert 0 < float(pytestconfig.getini("timeout")) < float(pytestconfig.getini("faulthandler_timeout"))
    (tmp_path / "test_for_ever.py").write_text(
        "import time\n\ndef test_for_ever():\n    while True:\n        time.sleep(1)\n\ndef test_next():\n    pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-o", "timeout=0.5", str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "Timeout (>0.5s)" in ran.stdout
    assert "1 failed, 1 passed" in ran.stdout
