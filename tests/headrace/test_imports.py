import subprocess
import sys

import pytest

# Each of these takes seconds to import.
HEAVY = ("tensorflow", "tfx", "apache_beam", "tensorflow_data_validation", "tensorflow_model_analysis", "keras")
LIGHT = (
    "headrace",
    "headrace.errors",
    "headrace.settings",
    "headrace.metadata",
    "headrace.contents.anomalies",
    "headrace.cli.lineage_page",
    "headrace.lineage",
    "headrace.lineage.lineage",
    "headrace.lineage.diff",
    "headrace.lineage.features",
    "headrace.lineage.impact",
    "headrace.lineage.live",
    "headrace.lineage.openlineage_events",
    "headrace.lineage.openlineage_sending",
    "headrace.lineage.schema_history",
    "headrace.lineage.trace",
    "headrace.orchestration",
    "headrace.testing",
    "headrace.orchestration.removal",
    "headrace.cli.main",
)


@pytest.mark.parametrize("imported", [pytest.param(LIGHT, id="all of the light modules")])
def test_importing_headrace_imports_neither_tensorflow_nor_tfx_nor_beam(imported: tuple[str, ...]) -> None:
    code = f"import {', '.join(imported)}, sys\nprint(*sorted(set(sys.modules) & set({HEAVY!r})))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_the_runner_is_there_to_import_but_a_mistyped_name_is_not() -> None:
    code = "from headrace.orchestration import HeadraceDagRuner"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "ImportError: cannot import name 'HeadraceDagRuner'" in ran.stderr
