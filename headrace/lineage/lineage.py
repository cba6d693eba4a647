"""Lineage: the questions that can be asked of a metadata store."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from headrace.errors import UserError
from headrace.lineage.shown import Records

# What notebooks show of each; frames have all.
_OF_RUNS = ("id", "pipeline", "started", "state", "seconds", "command")
_OF_EXECUTIONS = ("id", "node", "state", "started", "seconds", "run")
_OF_ARTIFACTS = ("id", "type", "uri", "created", "properties")  # LIVE, the state, is said of pushed models here

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

    from headrace.contents.model_card import Author, ModelCard
    from headrace.lineage.columns import ColumnImpact
    from headrace.lineage.diff import Diff
    from headrace.lineage.facts import RunFacts
    from headrace.lineage.features import Features
    from headrace.lineage.impact import Impact
    from headrace.lineage.live import LiveModel
    from headrace.lineage.schema_history import SchemaHistory
    from headrace.lineage.spans import Spans
    from headrace.lineage.trace import Trace
    from headrace.metadata.graph import Graph
    from headrace.metadata.records import Artifact, Execution, Property
    from headrace.metadata.store import MetadataStore
    from headrace.metadata.stores import Stores


class Lineage:
    """Answers questions about what was recorded. Nothing is read before it is asked for; nothing is ever written."""

    def __init__(self, store: "MetadataStore | Path | str | None" = None) -> None:
        """Takes a store, the path of a SQLite one, or a URL.

        Without it: all stores that the runs of the project around the working folder used, or the one that
        HEADRACE_METADATA names, where that is a file.
        """
        self._given = store
        self._home: Path | None = None
        self._opened: Stores | None = None

    @classmethod
    def of_home(cls, home: Path | str) -> Self:
        """The lineage of what lies in a home, as HEADRACE_HOME has it; a store on a server is not asked."""
        found = cls()
        found._home = Path(home)
        return found

    @property
    def stores(self) -> "tuple[MetadataStore, ...]":
        """The stores that are asked, the project's own first.

        Raises:
            MetadataStoreError: there is none yet, or the one that is given cannot be opened.
        """
        return self._stores.opened

    @property
    def store(self) -> "MetadataStore":
        """The store, where only one is asked.

        Raises:
            MetadataStoreError: there is none yet, or it cannot be opened.
            UserError: there are several.
        """
        from headrace.metadata.stores import naming

        if len(self.stores) > 1:
            addresses = [one.address for one in self.stores]
            what = f"there are {len(addresses)} metadata stores: which one is meant?"
            raise UserError(what, why=", ".join(addresses), next_step=naming(addresses[0]))
        return self.stores[0]

    @property
    def _stores(self) -> "Stores":
        if self._opened is None:
            self._opened = _open(self._given, self._home)
            for note in self._opened.notes:
                print(f"note: {note}", file=sys.stderr)
        return self._opened

    def pipelines(self) -> list[str]:
        """The names of all pipelines, those of sub-pipelines too."""
        return sorted({name for store in self.stores for name in store.pipelines()})

    def runs(self, pipeline: str | None = None, limit: int | None = None) -> "Records[RunFacts]":
        """The runs of a pipeline, or of all, the newest first; at most `limit` of them."""
        from headrace.lineage.facts import run_facts

        runs = self._stores.runs(pipeline)[:limit]
        executions = {
            store: store.executions_of(run for of, run in runs if of is store) for store in {one for one, _ in runs}
        }
        return Records((run_facts(run, executions[store][run.id]) for store, run in runs), _OF_RUNS)

    def run(self, run: str = "latest") -> "RunFacts":
        """The run of an id, of a prefix that only one id has, or the "latest".

        Raises:
            UnknownNameError: there is none, or more than one.
        """
        from headrace.lineage.asking import run_named
        from headrace.lineage.facts import run_facts

        store, found = run_named(self._stores, run)
        return run_facts(found, store.executions(found))

    def executions(self, run: str | None = None) -> "Records[Execution]":
        """The executions of a run, or all, in the order they were registered."""
        from headrace.lineage.asking import run_named

        if run:
            store, found = run_named(self._stores, run)
            return Records(store.executions(found), _OF_EXECUTIONS)
        return Records((one for store in self.stores for one in store.executions()), _OF_EXECUTIONS)

    def artifacts(
        self,
        type: str | None = None,  # noqa: A002 - ML Metadata's word
        where: "Mapping[str, Property] | None" = None,
    ) -> "Records[Artifact]":
        """The artifacts of a type ("Model"), or all, in the order they were recorded.

        Args:
            type: their type.
            where: what their properties must be: {"span": 3}.
        """
        wanted = (where or {}).items()
        found = (one for store in self.stores for one in store.artifacts(type))
        its = (one for one in found if all(one.properties.get(name) == value for name, value in wanted))
        return Records(its, _OF_ARTIFACTS)

    def trace(self, subject: "str | int | Path | Artifact" = "latest") -> "Trace":
        """All that an artifact, a pushed model or what a run made came from.

        Args:
            subject: an artifact or its id, name or path; a run's id, a prefix of it, or "latest"; the path of a pushed
                model; NODE.KEY for what a node of the latest run made.

        Raises:
            UnknownNameError: it stands for nothing, or for several things.
        """
        from headrace.lineage.asking import subject_named
        from headrace.lineage.trace import trace_of

        return trace_of(*subject_named(self._stores, subject))

    def impact(self, subject: "str | int | Path | Artifact") -> "Impact":
        """What was made from an artifact, or from a file that an ExampleGen read, and which of it is live.

        Raises:
            UnknownNameError: it stands for nothing.
            UserError: it is a run, which is made of many artifacts.
        """
        from headrace.lineage.asking import artifact_named, only_answer, store_of_record
        from headrace.lineage.impact import impact_of

        if not isinstance(subject, str | int | Path):
            return impact_of(store_of_record(self._stores, subject), subject)
        is_path = "/" in str(subject) or (not str(subject).isdecimal() and os.path.exists(str(subject)))
        if is_path and "://" not in str(subject):  # else it is on another machine, or no path
            path = Path(subject if isinstance(subject, Path) else str(subject))
            return only_answer(self._stores, str(subject), lambda store: impact_of(store, path))
        return impact_of(*artifact_named(self._stores, subject))

    def graph(self, run: str = "latest") -> "Graph":
        """The records of a run, of nodes that failed, were skipped or came from the cache too, and what they came from.

        Raises:
            UnknownNameError: there is no such run, or more than one.
        """
        from headrace.lineage.asking import run_named
        from headrace.lineage.trace import graph_of_run

        return graph_of_run(*run_named(self._stores, run))

    def diff(self, before: str, after: str = "latest") -> "Diff":
        """What differs between two runs, the causes first; the latest is compared with the one before it.

        Raises:
            UnknownNameError: there is no such run, or more than one.
            UserError: they are in two stores, or no run of the pipeline came before the latest.
        """
        from headrace.lineage.asking import run_before, run_named
        from headrace.lineage.diff import diff_of
        from headrace.metadata.run_names import LATEST
        from headrace.metadata.stores import Stores

        store, first = run_named(self._stores, before)
        other, second = run_named(Stores((store,)) if after == LATEST else self._stores, after)
        if store is not other:
            raise UserError(
                f"the runs {first.id} and {second.id} cannot be compared: they are in two metadata stores",
                why=f"{store.address} and {other.address}",
            )
        is_latest_itself = after == LATEST and first.id == second.id
        return diff_of(store, run_before(store, second) if is_latest_itself else first, second)

    def features(self, model: "str | int | Path | Artifact" = "latest") -> "Features":
        """How a model's inputs were made: raw column, analyzer or vocabulary, transformed feature, input.

        Args:
            model: a model, a pushed model or a transform graph, as `trace` takes it; or a run, whose model is meant.

        Raises:
            UnknownNameError: it stands for nothing, or no transform graph went into it.
            UserError: the transform graph cannot be read any more.
        """
        from headrace.lineage.features import features_of

        return features_of(self.trace(model))

    def card(
        self,
        model: "str | int | Path | Artifact" = "latest",
        author: "Author | None" = None,
        *,
        evaluation: int | None = None,
        smallest_slice: int = 100,
    ) -> "ModelCard":
        """What a person should know of a model, for `headrace.display.model_card` to make pages of.

        Args:
            model: a model or a pushed model, as `trace` takes it; or a run, whose model is meant.
            author: what only its author can say.
            evaluation: the ModelEvaluation artifact that is shown; the model's newest one, if it is None.
            smallest_slice: metrics of slices of fewer examples are marked as unreliable.

        Raises:
            UnknownNameError: it stands for nothing, there is no model in it, or no such evaluation of the model.
        """
        from headrace.contents.model_card import Author
        from headrace.lineage.asking import subject_named
        from headrace.lineage.card import card_of
        from headrace.lineage.trace import trace_of

        store, subject = subject_named(self._stores, model)
        return card_of(store, trace_of(store, subject), author or Author(), evaluation, smallest_slice)

    def column(self, name: str) -> "ColumnImpact":
        """The models that would feel a change of a raw column, the newest first.

        Raises:
            UnknownNameError: no transform graph takes it.
        """
        from headrace.lineage.asking import only_answer
        from headrace.lineage.columns import column_impact_of

        return only_answer(self._stores, f"the column {name!r}", lambda store: column_impact_of(store, name))

    def schema_history(self, pipeline: str) -> "SchemaHistory":
        """The schemas a pipeline has used, what each brought, and where it is from.

        Raises:
            UnknownNameError: nothing is recorded of the pipeline.
        """
        from headrace.lineage.asking import store_of_pipeline
        from headrace.lineage.schema_history import schema_history_of

        return schema_history_of(store_of_pipeline(self._stores, pipeline), pipeline)

    def live(self, pipeline: str) -> "Records[LiveModel]":
        """The model that is pushed now, what it replaced, what was rejected since; for each place it is pushed to.

        Raises:
            UnknownNameError: nothing is recorded of the pipeline.
        """
        from headrace.lineage.asking import store_of_pipeline
        from headrace.lineage.live import live_models

        return Records(live_models(store_of_pipeline(self._stores, pipeline), pipeline))

    def spans(self, pipeline: str) -> "Spans":
        """What came of each span of a pipeline: rows, drift, the candidate against the live model, the verdict.

        Raises:
            UnknownNameError: nothing is recorded of the pipeline.
            UserError: none of its runs has a parameter `span`.
        """
        from headrace.lineage.asking import store_of_pipeline
        from headrace.lineage.spans import spans_of

        return spans_of(store_of_pipeline(self._stores, pipeline), pipeline)

    def openlineage(self, run: str = "latest") -> "tuple[RunEvent, ...]":
        """A run as OpenLineage's events, in the order in which they happened; the same each time it is asked for.

        Args:
            run: a run's id, a prefix that only one id has, or the "latest".

        Raises:
            UnknownNameError: there is none, or more than one.
        """
        from headrace.lineage.asking import run_named
        from headrace.lineage.openlineage_events import run_events

        return run_events(*run_named(self._stores, run))


def _open(given: "MetadataStore | Path | str | None", home: Path | None) -> "Stores":
    from headrace.metadata.store import MetadataStore
    from headrace.metadata.stores import Stores
    from headrace.settings import Settings

    if isinstance(given, MetadataStore):
        return Stores((given,))
    if home is not None:
        return Stores.of_home(home)
    if given is None:
        return Stores.of_project(Settings.load())
    return Stores.named(str(given), Settings.load() if "://" in str(given) else None)
