import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from headrace.orchestration.slots import Slots

CORES = len(os.sched_getaffinity(0))
WAITS = "import time; print(flush=True); time.sleep(600)"
COMPUTES = "print(flush=True)\nwhile True: pass"
COMPUTES_IN_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {COMPUTES!r}])"
ENOUGH_LOOKS = 20


@pytest.fixture
def at_work(request: pytest.FixtureRequest) -> Iterator[list[int]]:
    """Process groups that do what the test's parameter says."""
    processes = []
    for script in request.param:
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, process_group=0)
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        processes.append(process)
    yield [process.pid for process in processes]
    for process in processes:
        os.killpg(process.pid, 9)
        process.communicate()


def started(slots: Slots, working: int) -> int:
    """How many nodes start, look after look, if all that start do nothing."""
    first = working
    for _ in range(ENOUGH_LOOKS * CORES):
        working += slots.free(working)
    return working - first


def test_a_number_that_was_set_is_the_number() -> None:
    slots = Slots(3, lambda: ())
    assert [slots.free(working) for working in range(4)] == [3, 2, 1, 0]


def test_each_core_has_a_node_at_once() -> None:
    assert Slots(None, lambda: ()).free(0) == CORES


@pytest.mark.parametrize("at_work", [[WAITS] * CORES], indirect=True)
def test_nodes_that_wait_leave_their_cores_to_others_up_to_a_limit(at_work: list[int]) -> None:
    slots = Slots(None, lambda: at_work)
    assert slots.free(CORES) == 0  # one look is not enough
    assert started(slots, CORES) == slots.most - CORES


@pytest.mark.parametrize("at_work", [[COMPUTES] * CORES, [COMPUTES_IN_A_CHILD] * CORES], indirect=True)
def test_nodes_that_compute_keep_their_cores(at_work: list[int]) -> None:
    assert started(Slots(None, lambda: at_work), CORES) == 0


def test_a_process_that_has_ended_needs_no_core() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""], process_group=0)
    ended.wait()
    assert started(Slots(None, lambda: [ended.pid]), CORES) > 0
