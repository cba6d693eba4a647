"""The tests leave the home and the store of whoever runs them alone."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

# They remove outputs, read the settings of a project, and run a component.
SOME = (
    "tests/headrace/orchestration/test_removal.py::test_what_somebody_removed_already_is_marked",
    "tests/headrace/test_settings.py::test_without_a_project_the_home_is_in_the_folder_itself",
    "tests/headrace/testing/test_run_component.py::test_a_component_runs_on_values_and_its_outputs_can_be_read",
)


def test_tests_see_no_setting_of_the_environment_they_are_started_in(tmp_path: Path) -> None:
    home = tmp_path / "of the user"
    exported = {
        "HEADRACE_HOME": str(home),
        "HEADRACE_METADATA": "mysql://ann:secret@127.0.0.1:1/metadata",
        "headrace_max_parallel": "none",
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *SOME]
    ran = subprocess.run(command, cwd=ROOT, env={**os.environ, **exported}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not home.exists()
