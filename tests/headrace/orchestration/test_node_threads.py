"""Threads of OpenMP in a library that the program has loaded already."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sklearn
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

from headrace.orchestration.node_threads import limit_openmp

before = _openmp_effective_n_threads()
limit_openmp()
print(before, _openmp_effective_n_threads())
"""


@pytest.mark.parametrize("users", [None, 3])
def test_a_library_loaded_before_the_run_leaves_cores_to_others_unless_the_user_says_otherwise(
    users: int | None,
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    if users:
        environment["OMP_NUM_THREADS"] = str(users)
    said = subprocess.check_output([sys.executable, "-c", PROGRAM], env=environment, text=True)
    cores = len(os.sched_getaffinity(0))
    assert said.split() == [str(users or cores), str(users or max(1, cores // 2))]
