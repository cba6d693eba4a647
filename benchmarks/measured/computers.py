"""Two independent nodes that keep a core busy for about 5 s each."""

from tfx.orchestration.pipeline import Pipeline

from benchmarks.measured.small_nodes import Compute
from benchmarks.measured.stock_runner import root, run

ROUNDS = 45_000_000

if __name__ == "__main__":
    nodes = [Compute(rounds=ROUNDS).with_id(f"Compute{index}") for index in range(2)]
    run(Pipeline("computers", root("computers"), components=nodes))
