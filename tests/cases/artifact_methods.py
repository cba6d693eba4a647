"""Nodes that call methods of an artifact type of their own."""

import os

from tfx import v1 as tfx
from words.components import Make, Use

ROOT = os.environ["CASE_ROOT"]
make = Make()
tfx.orchestration.LocalDagRunner().run(
    tfx.dsl.Pipeline(
        "artifact-methods",
        ROOT + "/root",
        tfx.orchestration.metadata.sqlite_metadata_connection_config(ROOT + "/metadata.db"),
        [make, Use(words=make.outputs["words"])],
    )
)
