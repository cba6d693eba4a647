"""TFX's own tests of its LocalDagRunner, with Headrace's in its place. A file keeps what ran: nodes are processes."""

import sys
import unittest
from pathlib import Path

from tfx.orchestration.local import local_dag_runner, local_dag_runner_test, local_pipeline_test

from headrace.orchestration import HeadraceDagRunner

RAN = Path(sys.argv[1])


class Ran(list):
    """A list of what ran, which all processes share."""

    def append(self, name):
        with RAN.open("a") as file:
            file.write(f"{name}\n")

    def clear(self):
        RAN.write_text("")

    def __eq__(self, other):
        return RAN.read_text().splitlines() == other


def start_with_none(self):
    self.RAN_COMPONENTS.clear()


if __name__ == "__main__":
    local_dag_runner.LocalDagRunner = HeadraceDagRunner
    local_dag_runner_test._executed_components = Ran()
    local_pipeline_test.LocalDagRunnerTest.RAN_COMPONENTS = Ran()
    local_pipeline_test.LocalDagRunnerTest.setUp = start_with_none
    suite = unittest.TestSuite(
        unittest.defaultTestLoader.loadTestsFromModule(module)
        for module in (local_dag_runner_test, local_pipeline_test)
    )
    sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())
