"""Stores that TFX 0.2x and Kubeflow Pipelines left: their runs, with the names of their nodes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.lineage import Lineage
from headrace.metadata import MetadataStore, State
from headrace.metadata.store import sqlite_config


def context(store: MetadataStore, kind: str, name: str, **properties: str) -> int:
    """A context whose type has these properties."""
    declared = dict.fromkeys(properties, mlmd.STRING)
    type_id = store.handle.put_context_type(mlmd.ContextType(name=kind, properties=declared))
    values = {key: mlmd.Value(string_value=value) for key, value in properties.items()}
    [made] = store.handle.put_contexts([mlmd.Context(type_id=type_id, name=name, properties=values)])
    return int(made)


def execution(store: MetadataStore, kind: str, contexts: list[int], *, custom: bool, **properties: str) -> int:
    """An execution in these contexts."""
    values = {key: mlmd.Value(string_value=value) for key, value in properties.items()}
    declared = {} if custom else dict.fromkeys(properties, mlmd.STRING)
    type_id = store.handle.put_execution_type(mlmd.ExecutionType(name=kind, properties=declared), can_add_fields=True)
    kept = {"custom_properties" if custom else "properties": values}
    [made] = store.handle.put_executions([mlmd.Execution(type_id=type_id, **kept)])
    associations = [mlmd.Association(execution_id=made, context_id=one) for one in contexts]
    store.handle.put_attributions_and_associations([], associations)
    return int(made)


def record_tfx_022(store: MetadataStore) -> None:
    """What TFX 0.22 records: states in properties, a context a component's run."""
    pipeline = context(store, "pipeline", "taxi", pipeline_name="taxi")
    for run_id in ("2020-06-01T10:00:00", "2020-06-02T10:00:00"):
        of_run = {"pipeline_name": "taxi", "run_id": run_id}
        run = context(store, "run", f"taxi.{run_id}", **of_run)
        for node, state in (("CsvExampleGen", "cached"), ("Trainer.wide", "complete")):
            own = context(store, "component_run", f"taxi.{run_id}.{node}", **of_run, component_id=node)
            kind = f"tfx.components.{node.partition('.')[0]}"
            execution(store, kind, [pipeline, run, own], custom=False, **of_run, component_id=node, state=state)


def record_kfp_1(store: MetadataStore) -> None:
    """What the metadata writer of Kubeflow Pipelines records of a workflow."""
    of_run = {"pipeline_name": "taxi", "run_id": "taxi-x7k2p"}
    run = context(store, "KfpRun", "taxi-x7k2p", **of_run)
    for node in ("taxi-x7k2p-csvexamplegen", "taxi-x7k2p-trainer"):
        execution(store, "components.tfx", [run], custom=False, **of_run, component_id=node)


def record_kfp_2(store: MetadataStore) -> None:
    """What the launcher of Kubeflow Pipelines 2 records."""
    pipeline = context(store, "system.Pipeline", "taxi")
    run = context(store, "system.PipelineRun", "0c6e3d5a")
    store.handle.put_parent_contexts([mlmd.ParentContext(parent_id=pipeline, child_id=run)])
    for node in ("csv-example-gen", "trainer"):
        execution(store, "system.ContainerExecution", [pipeline, run], custom=True, task_name=node, display_name=node)


@pytest.fixture
def store(tmp_path: Path) -> MetadataStore:
    return MetadataStore.connect(sqlite_config(tmp_path / "metadata.sqlite"))


@pytest.mark.parametrize(
    ("record", "runs", "nodes"),
    [
        (record_tfx_022, ["2020-06-02T10:00:00", "2020-06-01T10:00:00"], ["CsvExampleGen", "Trainer.wide"]),
        (record_kfp_1, ["taxi-x7k2p"], ["taxi-x7k2p-csvexamplegen", "taxi-x7k2p-trainer"]),
        (record_kfp_2, ["0c6e3d5a"], ["csv-example-gen", "trainer"]),
    ],
)
def test_runs_of_others_are_listed_with_their_pipeline_and_nodes(
    store: MetadataStore, record: Callable[[MetadataStore], None], runs: list[str], nodes: list[str]
) -> None:
    record(store)
    assert store.pipelines() == ["taxi"]
    assert [(run.pipeline, run.id) for run in store.runs("taxi")] == [("taxi", run) for run in runs]
    for run in store.runs():
        assert [(one.pipeline, one.node, one.run) for one in store.executions(run)] == [
            ("taxi", node, run.id) for node in nodes
        ]
    assert [(one.node, one.run) for one in store.executions()] == [(node, run) for run in runs[::-1] for node in nodes]
    assert store.runs("other") == []
    assert Lineage(store).run("latest").id == runs[0]


def test_states_that_were_properties_are_states(store: MetadataStore) -> None:
    record_tfx_022(store)
    assert [one.state for one in store.executions(store.runs()[0])] == [State.CACHED, State.COMPLETE]


def test_runs_of_two_pipelines_with_one_id_are_told_apart(store: MetadataStore) -> None:
    for pipeline in ("taxi", "penguin"):
        context(store, "run", f"{pipeline}.1", pipeline_name=pipeline, run_id="1")
    assert [run.id for run in store.runs()] == ["penguin.1", "taxi.1"]
