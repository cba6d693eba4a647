"""Four independent nodes that wait 5 s each."""

from tfx.orchestration.pipeline import Pipeline

from benchmarks.measured.small_nodes import Sleep
from benchmarks.measured.stock_runner import root, run

if __name__ == "__main__":
    nodes = [Sleep(seconds=5.0).with_id(f"Sleep{index}") for index in range(4)]
    run(Pipeline("sleepers", root("sleepers"), components=nodes))
