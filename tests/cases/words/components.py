"""Components with an artifact type of their own that has methods, in a module beside the pipeline's file."""

from pathlib import Path

from tfx import v1 as tfx
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact
from tfx.dsl.component.experimental.decorators import component


class Words(tfx.dsl.Artifact):
    TYPE_NAME = "Words"

    def write(self, words):
        Path(self.uri).mkdir(parents=True, exist_ok=True)
        Path(self.uri, "words").write_text("\n".join(words))

    def read(self):
        return Path(self.uri, "words").read_text().split("\n")


@component
def Make(words: OutputArtifact[Words]):
    words.write(["a", "b"])


@component
def Use(words: InputArtifact[Words]):
    assert words.read() == ["a", "b"]
