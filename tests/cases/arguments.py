"""A program with an argument of its own: the value is ten times the factor."""

import argparse
import os

from tfx import v1 as tfx

from headrace.orchestration import HeadraceDagRunner

parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=int, default=1)
ARGS = parser.parse_args()
ROOT = os.environ["CASE_ROOT"]


@tfx.dsl.components.component
def Times(n: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Integer]):
    n.value = 10 * ARGS.factor


if __name__ == "__main__":
    HeadraceDagRunner().run(
        tfx.dsl.Pipeline(
            "arguments",
            ROOT + "/root",
            tfx.orchestration.metadata.sqlite_metadata_connection_config(ROOT + "/metadata.db"),
            [Times()],
        )
    )
