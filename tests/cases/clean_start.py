"""A script that empties its own root first, as many do."""

import os
import shutil
from pathlib import Path

from tfx import v1 as tfx

ROOT = os.environ["CASE_ROOT"]
Out, In = tfx.dsl.components.OutputArtifact, tfx.dsl.components.InputArtifact
Model, Integer = tfx.types.standard_artifacts.Model, tfx.types.standard_artifacts.Integer


@tfx.dsl.components.component
def Make(model: Out[Model]):
    Path(model.uri, "w").write_text("1")


@tfx.dsl.components.component
def Count(model: In[Model], n: Out[Integer]):
    n.value = len(list(Path(model.uri).iterdir()))


def main():
    shutil.rmtree(ROOT + "/root", ignore_errors=True)
    make = Make()
    tfx.orchestration.LocalDagRunner().run(
        tfx.dsl.Pipeline(
            "clean-start",
            ROOT + "/root",
            tfx.orchestration.metadata.sqlite_metadata_connection_config(ROOT + "/metadata.db"),
            [make, Count(model=make.outputs["model"])],
        )
    )


if __name__ == "__main__":
    main()
