"""A store with runs of a small pipeline, recorded as TFX and Headrace do: examples, a schema, a model, a push."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from headrace.lineage import Lineage
from headrace.metadata import MetadataStore, Property, State
from headrace.metadata import properties as names
from headrace.metadata.store import sqlite_config
from tests.headrace.recording import record_artifact, record_execution

SCHEMA = 'feature {{ name: "payment" type: BYTES string_domain {{ {values} }} }}'


@dataclass
class Recorder:
    """Records runs of the pipeline "small", each with the nodes Gen, Schema, Train, Evaluate and Push."""

    store: MetadataStore
    folder: Path
    ids: dict[str, int] = field(default_factory=dict)  # artifacts, by "RUN KEY"

    @property
    def lineage(self) -> Lineage:
        return Lineage(self.store)

    def node(
        self,
        run: str,
        node: str,
        inputs: dict[str, int] | None = None,
        outputs: dict[str, int] | None = None,
        state: State = State.COMPLETE,
        pipeline: str = "small",
        **properties: Property,
    ) -> int:
        """An execution with these properties."""
        read, made = ({key: [one] for key, one in (given or {}).items()} for given in (inputs, outputs))
        execution = record_execution(self.store, pipeline, run, node, state, inputs=read, outputs=made)
        self.store.annotate(execution, properties)
        return execution

    def _made(self, run: str, node: str, key: str, inputs: dict[str, int], properties: Mapping[str, Property]) -> int:
        """The artifact that is known by `key`, once an execution that made it is recorded."""
        artifact = self.ids[f"{run} {key}"]
        self.store.annotate(self.node(run, node, inputs, {key: artifact}), properties)
        return artifact

    def artifact(self, run: str, key: str, kind: str, uri: str = "", **properties: Property) -> int:
        """An artifact, known as "RUN KEY"."""
        place = uri or str(self.folder / run / key)
        self.ids[f"{run} {key}"] = record_artifact(self.store, kind, place, **properties)
        return self.ids[f"{run} {key}"]

    def data(
        self, run: str, file: str = "/data/trips.csv", rows: int = 10, properties: Mapping[str, Property] | None = None
    ) -> int:
        """What an ExampleGen made of one file."""
        self.artifact(run, "examples", "Examples", split_names='["train"]')
        recorded: dict[str, Property] = {
            names.INPUT_FILES: json.dumps({"train": [[file, 1000, 10**18]]}),
            names.ROWS: json.dumps({"train": rows}),
            "input_base": str(Path(file).parent),
            "input_config": json.dumps({"splits": [{"name": "train", "pattern": Path(file).name}]}),
            "span": 0,
        }
        return self._made(run, "Gen", "examples", {}, {**recorded, **(properties or {})})

    def schema(self, run: str, *values: str, **properties: Property) -> int:
        """A schema whose feature `payment` may be these values."""
        folder = self.folder / run / "schema"
        folder.mkdir(parents=True)
        texts = " ".join(f'value: "{value}"' for value in values)
        (folder / "schema.pbtxt").write_text(SCHEMA.format(values=texts))
        self.artifact(run, "schema", "Schema", str(folder))
        return self._made(run, "Schema", "schema", {}, properties)

    def model(self, run: str, examples: int, properties: Mapping[str, Property] | None = None) -> int:
        """What a Trainer made of examples."""
        self.artifact(run, "model", "Model")
        return self._made(run, "Train", "model", {"examples": examples}, properties or {})

    def judge(self, run: str, model: int, blessed: bool, baseline: int | None = None) -> int:
        """The blessing of a model."""
        blessing = self.artifact(run, "blessing", "ModelBlessing", blessed=int(blessed))
        inputs = {"model": model} | ({"baseline_model": baseline} if baseline is not None else {})
        self.node(run, "Evaluate", inputs, {"blessing": blessing})
        return blessing

    def check_serving(self, run: str, model: int, reason: str = "") -> int:
        """InfraCheck's verdict on a model, refused where there is a reason."""
        said = {"reason": reason} if reason else {}
        blessing = self.artifact(run, "infra blessing", "InfraBlessing", blessed=int(not reason), **said)
        return self.node(run, "InfraCheck", {"model": model}, {"blessing": blessing})

    def push(self, run: str, model: int, pushed: bool = True, pipeline: str = "small", place: str = "/serving") -> int:
        """What a Pusher did with a model."""
        destination = {"pushed_destination": f"{place}/{run}"} if pushed else {}
        artifact = self.artifact(run, "pushed", "PushedModel", pushed=int(pushed), **destination)
        self.node(run, "Push", {"model": model}, {"pushed": artifact}, pipeline=pipeline)
        return artifact


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(MetadataStore.connect(sqlite_config(tmp_path / "metadata.sqlite")), tmp_path)
