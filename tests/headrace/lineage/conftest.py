"""A store with runs of a small pipeline, recorded as TFX and Headrace do: examples, a schema, a model, a push."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from headrace.contents.metrics import Metrics, Slice
from headrace.lineage import Lineage
from headrace.metadata import MetadataStore, Property, State
from headrace.metadata import properties as names
from headrace.metadata.store import ConnectionConfig, sqlite_config
from tests.headrace.recording import record_artifact, record_execution
from tests.headrace.written_evaluations import Failed, write_evaluation
from tests.headrace.written_statistics import Feature, write_statistics

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
        facts: Mapping[str, Property] | None = None,
        **properties: Property,
    ) -> int:
        """An execution with these properties; `facts` are those that have a constant for a name."""
        read, made = ({key: [one] for key, one in (given or {}).items()} for given in (inputs, outputs))
        execution = record_execution(self.store, pipeline, run, node, state, inputs=read, outputs=made)
        self.store.annotate(execution, {**(facts or {}), **properties})
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

    def evaluate(
        self,
        run: str,
        model: int,
        metrics: Mapping[Slice, Metrics],
        *,
        blessed: bool = True,
        baseline: int | None = None,
        baseline_metrics: Mapping[Slice, Metrics] | None = None,
        failed: Sequence[Failed] = (),
        specs: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        """An evaluation of a model that can be read, see `write_evaluation`, and the blessing."""
        folder = write_evaluation(self.folder / run / "evaluation", metrics, baseline_metrics, failed, specs)
        evaluation = self.artifact(run, "evaluation", "ModelEvaluation", str(folder))
        blessing = self.artifact(run, "blessing", "ModelBlessing", blessed=int(blessed))
        inputs = {"model": model} | ({"baseline_model": baseline} if baseline is not None else {})
        self.node(run, "Evaluate", inputs, {"evaluation": evaluation, "blessing": blessing})
        return evaluation

    def statistics(
        self, run: str, examples: int, splits: Mapping[str, Mapping[str, Feature]], node: str = "Statistics"
    ) -> int:
        """Statistics of examples, by split and feature, see `write_statistics`."""
        folder = write_statistics(self.folder / run / node, splits)
        statistics = self.artifact(run, node, "ExampleStatistics", str(folder))
        self.node(run, node, {"examples": examples}, {"statistics": statistics})
        return statistics

    def vocabularies(self, run: str, node: str = "Transform", **values: Sequence[str]) -> Path:
        """The folder of a transform graph that has nothing but vocabularies."""
        folder = self.folder / run / node
        assets = folder / "transform_fn" / "assets"
        assets.mkdir(parents=True)
        for name, its in values.items():
            (assets / name).write_text("".join(f"{value}\n" for value in its))
        self.node(run, node, {}, {"graph": self.artifact(run, node, "TransformGraph", str(folder))})
        return folder

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
    """Its store is in memory, where ML Metadata keeps it as it does in a file."""
    config = ConnectionConfig()
    config.fake_database.SetInParent()
    return Recorder(MetadataStore.connect(config), tmp_path)


@pytest.fixture
def recorder_in_file(tmp_path: Path) -> Recorder:
    """The same with a store that another process can open."""
    return Recorder(MetadataStore.connect(sqlite_config(tmp_path / "metadata.sqlite")), tmp_path)
