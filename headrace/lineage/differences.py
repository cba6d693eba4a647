"""What differs between two runs, one kind of thing after another."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from headrace.contents.schema_changes import schema_changes
from headrace.contents.statistics_distance import FeatureDistance
from headrace.contents.vocabularies import read_vocabularies
from headrace.lineage.compared_run import Side
from headrace.lineage.facts import RunFacts, Step, defaults_of_values, step_of
from headrace.lineage.input_data import InputData, InputFile, input_data
from headrace.lineage.shown import UNKNOWN, size, text
from headrace.lineage.trace import SCHEMA, TRANSFORM
from headrace.metadata.records import Artifact, State

_TOO_CLOSE = 0.01  # distances of statistics below it are not put in words
Contents = TypeVar("Contents")


class Kind(StrEnum):
    """What a difference is of: causes first, in the order they are told, then effects."""

    PARAMETER = "parameter"
    CODE = "code"
    DATA = "data"
    SCHEMA = "schema"
    VOCABULARY = "vocabulary"
    NODES = "nodes"
    COMMAND = "command"
    ENVIRONMENT = "environment"
    VERDICT = "verdict"
    METRIC = "metric"
    RESOURCES = "resources"


@dataclass(frozen=True)
class Difference:
    """One thing that differs."""

    kind: Kind
    subject: str  # the node, file, feature, metric, ...
    detail: str  # in words

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}: {self.detail}" if self.subject else f"{self.kind}: {self.detail}"


def of_nodes(old: Side, new: Side) -> Iterator[Difference]:
    """Nodes that only one run has or that ended otherwise, their parameters, their code."""
    was_default, now_default = defaults_of_values(old.facts, new.facts), defaults_of_values(new.facts, old.facts)
    for node in dict.fromkeys([*old.own, *new.own]):
        if node not in new.own or node not in old.own:
            where = "only in the run before" if node in old.own else "only in the run after"
            yield Difference(Kind.NODES, node, where)
            continue
        if old.own[node].state.succeeded != new.own[node].state.succeeded:
            yield Difference(Kind.NODES, node, f"{old.own[node].state.value} -> {new.own[node].state.value}")
        was, now = step_of(old.deciding[node]), step_of(new.deciding[node])
        yield from _of_parameters(node, was.options_with(was_default), now.options_with(now_default))
        yield from _of_code(node, was, now)


def of_data(old: Side, new: Side, features: Mapping[str, tuple[FeatureDistance, ...]]) -> Iterator[Difference]:
    """Data from outside: spans, files, rows, and features whose values are distributed otherwise."""
    was, now = ({one.node: one for one in input_data(side.graph)} for side in (old, new))
    for node, before in was.items():
        if (after := now.get(node)) is None:
            continue
        if before.artifact == after.artifact:
            continue
        if (before.span, before.version) != (after.span, after.version):
            yield Difference(Kind.DATA, node, _span_text(before, after))
        if before.base != after.base:
            yield Difference(Kind.DATA, node, f"read from {text(before.base)} -> {text(after.base)}")
        splits = {one.split: one for one in before.splits}
        kept = {one.split for one in after.splits}
        for name in splits:
            if name not in kept:
                yield Difference(Kind.DATA, f"split {name}", "is gone")
        for split in after.splits:
            earlier = splits.get(split.split)
            if earlier is None:
                yield Difference(Kind.DATA, f"split {split.split}", "is new")
                continue
            if earlier.rows != split.rows:
                yield Difference(
                    Kind.DATA, f"split {split.split}", f"rows {_count(earlier.rows)} -> {_count(split.rows)}"
                )
            if earlier.files is not None and split.files is not None:
                was_read, now_read = _files(earlier.files, before.base), _files(split.files, after.base)
                yield from _of_files(split.split, was_read, now_read)
            elif before.fingerprint != after.fingerprint:
                yield Difference(Kind.DATA, f"split {split.split}", "files differ; which of them was not recorded")
    for name, found in features.items():
        for one in found:
            if one.rank >= _TOO_CLOSE:
                yield Difference(Kind.DATA, f"{one.feature} in split {name}", _distance_text(one))


def of_schemas(old: Side, new: Side) -> Iterator[Difference]:
    """Schemas, feature by feature."""
    for name, before, after in pairs(old, new, SCHEMA):
        found = read_or_none(schema_changes, before, after)
        if found is None:
            yield Difference(Kind.SCHEMA, name, f"{UNKNOWN}: a schema cannot be read any more")
        for change in found or ():
            yield Difference(Kind.SCHEMA, change.feature, f"{change.aspect} {change.detail}")


def of_vocabularies(old: Side, new: Side) -> Iterator[Difference]:
    """Vocabularies of the transform graphs."""
    for name, before, after in pairs(old, new, TRANSFORM):
        was, now = (read_or_none(read_vocabularies, one) for one in (before, after))
        if was is None or now is None:
            yield Difference(Kind.VOCABULARY, name, f"{UNKNOWN}: a transform graph cannot be read any more")
            continue
        for vocabulary in sorted({*was, *now}):
            old_values, new_values = was.get(vocabulary, ()), now.get(vocabulary, ())
            gained, lost = set(new_values) - set(old_values), set(old_values) - set(new_values)
            if gained or lost:
                detail = f"{len(old_values)} -> {len(new_values)} values: {len(gained)} new, {len(lost)} gone"
                yield Difference(Kind.VOCABULARY, vocabulary, detail)
            elif old_values != new_values:
                yield Difference(Kind.VOCABULARY, vocabulary, "the same values in another order")


def of_command(was: RunFacts, now: RunFacts) -> Iterator[Difference]:
    """What was typed, such as a program's own arguments."""
    if was.command and now.command and was.command != now.command:
        yield Difference(Kind.COMMAND, "", f"{was.command} -> {now.command}")


def of_environment(was: RunFacts, now: RunFacts) -> Iterator[Difference]:
    """Commits, people, machines, versions."""
    if (was.git_commit, was.git_dirty) != (now.git_commit, now.git_dirty):
        yield Difference(Kind.ENVIRONMENT, "git", f"{was.code_state} -> {now.code_state}")
    for name in ("user", "host"):
        if getattr(was, name) != getattr(now, name):
            yield Difference(Kind.ENVIRONMENT, name, f"{text(getattr(was, name))} -> {text(getattr(now, name))}")
    old, new = was.versions, now.versions
    if old is None or new is None:
        if old is not new:
            yield Difference(Kind.ENVIRONMENT, "versions", f"{UNKNOWN} in one of the runs: not recorded")
        return
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield Difference(Kind.ENVIRONMENT, name, f"{old.get(name, 'none')} -> {new.get(name, 'none')}")


def of_resources(old: Side, new: Side) -> Iterator[Difference]:
    """What nodes used that were executed in both runs, the largest difference first."""
    found = []
    for node in old.own:
        if node not in new.own:
            continue
        if old.own[node].state is not State.COMPLETE or new.own[node].state is not State.COMPLETE:
            continue  # one that came from the cache used nothing
        was, now = step_of(old.own[node]), step_of(new.own[node])
        if was.cpu_seconds is not None and now.cpu_seconds is not None:
            more = now.cpu_seconds - was.cpu_seconds
            peaks = [UNKNOWN if one.peak_memory_bytes is None else size(one.peak_memory_bytes) for one in (was, now)]
            detail = f"CPU {was.cpu_seconds:.1f} s -> {now.cpu_seconds:.1f} s, memory {peaks[0]} -> {peaks[1]}"
            found.append((abs(more), Difference(Kind.RESOURCES, node, detail)))
    yield from (one for more, one in sorted(found, key=lambda pair: -pair[0]) if more >= 1)


def pairs(old: Side, new: Side, type_name: str) -> Iterator[tuple[str, Artifact, Artifact]]:
    """The artifacts of a type that both runs have and that are not the same."""
    was, now = old.artifacts(type_name), new.artifacts(type_name)
    for name in was:
        if name in now and was[name].id != now[name].id:
            yield name, was[name], now[name]


def read_or_none(read: Callable[..., Contents], *artifacts: Artifact) -> Contents | None:
    """What `read` makes of the artifacts' folders; None where one was removed since, or is in a form of its own."""
    try:
        return read(*(Path(one.uri) for one in artifacts))
    except (OSError, ValueError):
        return None


def _of_parameters(node: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for name in was:
        if name in now and was[name] != now[name]:
            yield Difference(Kind.PARAMETER, f"{name} of {node}", f"{_given(was[name])} -> {_given(now[name])}")
    for values, others, told in ((was, now, "no longer given"), (now, was, "newly given")):
        only = [f"{name} ({_given(value)})" for name, value in values.items() if name not in others]
        if only:
            yield Difference(Kind.PARAMETER, node, f"{told}: {', '.join(only)}")


def _given(value: object) -> str:
    return text(value) or "empty"


def _of_code(node: str, was: Step, now: Step) -> Iterator[Difference]:
    if was.code is None or now.code is None:
        if was.code is not None or now.code is not None:
            yield Difference(Kind.CODE, node, f"{UNKNOWN} in one of the runs: not recorded")
        return
    for name in sorted({*was.code, *now.code}):
        before, after = was.code.get(name), now.code.get(name)
        if before != after:
            version = name.startswith("package ")
            changed = f"{before} -> {after}" if version else "changed"
            detail = changed if before and after else "no longer used" if before else "newly used"
            yield Difference(Kind.CODE, name, detail)


def _of_files(split: str, was: Mapping[str, InputFile], now: Mapping[str, InputFile]) -> Iterator[Difference]:
    for name in dict.fromkeys([*was, *now]):
        before, after = was.get(name), now.get(name)
        if before and after:
            if (before.bytes, before.modified) == (after.bytes, after.modified):
                continue
            detail = f"was written again, {size(before.bytes)} -> {size(after.bytes)}"
        else:
            detail = "no longer read" if before else "newly read"
        path = (after or before or now[name]).path
        yield Difference(Kind.DATA, f"{path} in split {split}", detail)


def _span_text(before: InputData, after: InputData) -> str:
    """The spans; and the versions, where they differ."""
    spans = [f"span {text(before.span)}", text(after.span)]
    if before.version != after.version:
        spans = [f"{told}, version {text(one.version)}" for told, one in zip(spans, (before, after), strict=True)]
    return " -> ".join(spans)


def _files(files: Iterable[InputFile], base: str | None) -> dict[str, InputFile]:
    """Files by their path below the base, which they keep where a folder was copied."""
    return {
        str(Path(one.path).relative_to(base)) if base and Path(one.path).is_relative_to(base) else one.path: one
        for one in files
    }


def _count(rows: int | None) -> str:
    return UNKNOWN if rows is None else f"{rows:,}"


def _distance_text(one: FeatureDistance) -> str:
    if one.distance is None:
        return one.detail
    missing = ""
    if one.missing_before != one.missing_after:
        missing = f", missing {one.missing_before or 0:.1%} -> {one.missing_after or 0:.1%}"
    return f"distance {one.distance:.3f}, {one.detail}{missing}"
