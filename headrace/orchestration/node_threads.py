"""How many threads of OpenMP a node may use, so that nodes side by side do not fight for cores.

OpenMP makes a thread for each core in each process, and a thread that waits for another keeps its core busy. Where the
other has no core then, work of a second takes minutes: two fits of scikit-learn side by side took four times as long.
"""

import os
from pathlib import Path

_OPENMP = ("libgomp", "libomp", "libiomp")


def limit_openmp() -> None:
    """Leaves half of the cores to other nodes, unless the user has set OMP_NUM_THREADS.

    A library that a node loads reads the environment. One that the program loaded before it called `run()` has read it
    by then, and is told directly.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if "OMP_NUM_THREADS" in os.environ:
        return
    threads = max(1, len(os.sched_getaffinity(0)) // 2)
    os.environ["OMP_NUM_THREADS"] = str(threads)
    loaded = Path("/proc/self/maps").read_text()
    if any(f"/{library}" in loaded for library in _OPENMP):
        from threadpoolctl import threadpool_limits

        threadpool_limits(threads, user_api="openmp")
