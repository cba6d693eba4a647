"""Which of several metadata stores a question is for: the one that has what is asked about."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from headrace.errors import UnknownNameError, UserError
from headrace.lineage.finding import find, find_run
from headrace.metadata.records import Artifact, Run
from headrace.metadata.store import MetadataStore
from headrace.metadata.stores import Stores, in_several_stores

_Answer = TypeVar("_Answer")


def run_named(stores: Stores, name: str) -> tuple[MetadataStore, Run]:
    """A run, and the store that has it.

    Raises:
        UnknownNameError: there is none, or more than one.
        UserError: several stores have it.
    """
    found = find_run(stores, name)
    assert found.run is not None
    return found.store, found.run


def run_before(store: MetadataStore, run: Run) -> Run:
    """The run of the same pipeline that came before a run.

    Raises:
        UserError: there is none.
    """
    runs = store.runs(run.pipeline)
    later = [one.id for one in runs].index(run.id)
    if later + 1 == len(runs):
        raise UserError(
            f"the run {run.id} cannot be compared with itself",
            why=f"there is no run of {run.pipeline} before it",
            next_step="headrace runs list",
        )
    return runs[later + 1]


def artifact_named(stores: Stores, name: str | int | Path) -> tuple[MetadataStore, Artifact]:
    """An artifact, and the store that has it.

    Raises:
        UnknownNameError: the name stands for nothing.
        UserError: it stands for a run, or several stores have it.
    """
    found = find(stores, name)
    if found.artifact is None:
        assert found.run is not None
        raise UserError(
            f"{name} is a run, and the question is about one artifact",
            next_step=f"headrace lineage trace {found.run.id}  # names its artifacts",
        )
    return found.store, found.artifact


def subject_named(
    stores: Stores, subject: str | int | Path | Artifact
) -> tuple[MetadataStore, Artifact] | tuple[MetadataStore, Run]:
    """An artifact or a run, by its record or by what it is called, and the store that has it.

    Raises:
        UnknownNameError: it stands for nothing, or for several things.
        UserError: several stores have it.
    """
    if not isinstance(subject, str | int | Path):
        return store_of_record(stores, subject), subject
    found = find(stores, subject)
    if found.artifact:
        return found.store, found.artifact
    assert found.run is not None
    return found.store, found.run


def store_of_record(stores: Stores, artifact: Artifact) -> MetadataStore:
    """The store that an artifact's record is from."""
    if len(stores.opened) == 1:
        return stores.opened[0]
    same = (store for store in stores.opened if store.artifact(artifact.id) == artifact)
    return next(same, stores.opened[0])


def store_of_pipeline(stores: Stores, pipeline: str) -> MetadataStore:
    """The store that a pipeline is recorded in; where there is only one store, that.

    Raises:
        UnknownNameError: none has it.
        UserError: several have it.
    """
    if len(stores.opened) == 1:
        return stores.opened[0]
    found = [store for store in stores.opened if pipeline in store.pipelines()]
    if not found:
        known = {name for store in stores.opened for name in store.pipelines()}
        raise UnknownNameError.among("pipeline", pipeline, known, next_step="headrace runs list")
    if len(found) > 1:
        raise in_several_stores(f"the pipeline {pipeline}", [(store, "runs of it") for store in found])
    return found[0]


def only_answer(stores: Stores, what: str, ask: Callable[[MetadataStore], _Answer]) -> _Answer:
    """The answer of the only store that knows something.

    Args:
        stores: that are asked.
        what: the question is about.
        ask: raises an UnknownNameError where the store knows nothing of it.

    Raises:
        UnknownNameError: none knows anything.
        UserError: several know something.
    """
    answers: list[tuple[MetadataStore, _Answer]] = []
    refusals: list[UnknownNameError] = []
    for store in stores.opened:
        try:
            answers.append((store, ask(store)))
        except UnknownNameError as error:
            refusals.append(error)
    if not answers:
        raise refusals[0]
    if len(answers) > 1:
        raise in_several_stores(what, [(store, "records of it") for store, _ in answers])
    return answers[0][1]
