"""Two pipelines in one file; the second reads what the first wrote."""

import os
from pathlib import Path

from tfx import v1 as tfx

ROOT = os.environ["CASE_ROOT"]
Out, Parameter = tfx.dsl.components.OutputArtifact, tfx.dsl.components.Parameter
String = tfx.types.standard_artifacts.String


@tfx.dsl.components.component
def Write(path: Parameter[str], done: Out[String]):
    Path(path).write_text("first")
    done.value = "first"


@tfx.dsl.components.component
def Read(text: Parameter[str], done: Out[String]):
    done.value = text + ", second"


def run(name, node):
    store = tfx.orchestration.metadata.sqlite_metadata_connection_config(f"{ROOT}/{name}.db")
    tfx.orchestration.LocalDagRunner().run(tfx.dsl.Pipeline(name, f"{ROOT}/{name}", store, [node]))


if __name__ == "__main__":
    run("first", Write(path=ROOT + "/handed_on.txt"))
    run("second", Read(text=Path(ROOT, "handed_on.txt").read_text()))
