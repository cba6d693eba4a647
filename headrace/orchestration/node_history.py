"""What was recorded of a node: which keys it had, how long it took."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from headrace.metadata import MetadataStore
from headrace.metadata.changes import Category, Change, KeyParts, changes
from headrace.metadata.contexts import NODE, PIPELINE_RUN
from headrace.metadata.properties import KEY, WALL_SECONDS
from headrace.metadata.recorded_kinds import is_damaged
from headrace.metadata.store import MlmdExecution


@dataclass(frozen=True)
class NodeHistory:
    """A node's executions over all runs."""

    keys: tuple[KeyParts, ...]  # of those that succeeded, the newest first
    recorded: bool  # some succeeded, with or without a key
    last_seconds: float | None  # of the newest run in which it really ran

    @staticmethod
    def of(store: MetadataStore, context: str) -> "NodeHistory":
        """Reads the history of the node whose context has this name."""
        with store.lock:
            found = store.handle.get_context_by_type_and_name(NODE, context)
            records = store.handle.get_executions_by_context(found.id) if found else []
            succeeded = [one for one in records if one.last_known_state in (one.COMPLETE, one.CACHED)]
            succeeded.sort(key=lambda one: one.id, reverse=True)
            seconds = _last_seconds(store, [one for one in succeeded if one.last_known_state == one.COMPLETE])
        keys = [one.custom_properties[KEY].string_value for one in succeeded if KEY in one.custom_properties]
        keys = [key for key in keys if not is_damaged(KEY, key)]
        return NodeHistory(tuple(map(KeyParts.from_json, keys)), bool(succeeded), seconds)

    def changes(self, now: KeyParts, *, one_of_several: bool = False) -> list[Change]:
        """Why there is nothing under the key `now`.

        Args:
            now: the key.
            one_of_several: the node runs once for each set of inputs: compare with the last time for the same.
        """
        before = self.keys
        if one_of_several:
            before = tuple(key for key in self.keys if key.inputs == now.inputs)
            if self.keys and not before:
                return [Change(Category.INPUT, name, f"{', '.join(ids)} is new") for name, ids in now.inputs.items()]
        if not before:
            why = "it was recorded without its key" if self.recorded else "it has not succeeded yet"
            return [Change(Category.NEW, "", why)]
        return list(changes(before[0], now)) or [Change(Category.DEFINITION, "", "the pipeline, or what went in")]

    def changes_without_inputs(self, now: KeyParts) -> list[Change]:
        """What else changed in a key whose inputs are not known yet; a driver's parameters are not either."""
        if not self.keys:
            return []
        before = self.keys[0]
        known = {name: value for name, value in before.parameters.items() if name in now.parameters}
        return list(changes(replace(before, inputs={}, parameters=known), now))


def _last_seconds(store: MetadataStore, ran: Sequence[MlmdExecution]) -> float | None:
    """The time of the newest run's executions; there are several where the node runs once for each artifact."""
    if not ran:
        return None
    contexts = store.handle.get_contexts_by_execution(ran[0].id)
    runs = [context.id for context in contexts if context.type == PIPELINE_RUN]
    of_run = {one.id for run in runs[-1:] for one in store.handle.get_executions_by_context(run)} or {ran[0].id}
    return sum(_seconds(one) for one in ran if one.id in of_run)


def _seconds(execution: MlmdExecution) -> float:
    if WALL_SECONDS in execution.custom_properties:
        return float(execution.custom_properties[WALL_SECONDS].double_value)
    return float(execution.last_update_time_since_epoch - execution.create_time_since_epoch) / 1000
