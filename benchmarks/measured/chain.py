"""Thirty nodes in a row that do next to nothing: what is left is what a node costs."""

from tfx.orchestration.pipeline import Pipeline

from benchmarks.measured.small_nodes import AddOne, Number
from benchmarks.measured.stock_runner import root, run

LENGTH = 30

if __name__ == "__main__":
    first = Number(value=0)
    nodes, output = [first], first.outputs["number"]
    for index in range(1, LENGTH):
        node = AddOne(number=output).with_id(f"AddOne{index:02}")
        nodes.append(node)
        output = node.outputs["sum"]
    run(Pipeline("chain", root("chain"), components=nodes))
