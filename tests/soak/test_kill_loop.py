"""The short form of `make soak`."""

from pathlib import Path

from soak.kill_loop import KillLoop


def test_whatever_is_killed_nothing_is_left_running_lost_or_doubled(tmp_path: Path) -> None:
    loop = KillLoop(tmp_path, None, seed=5)
    assert [wrong for number in range(4) for wrong in loop.round(number)] == []
    assert loop.killed.total() > 0
