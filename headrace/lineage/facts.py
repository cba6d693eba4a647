"""What was recorded of runs, executions and data, as facts; None where nothing was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from headrace.credentials import without_credentials
from headrace.lineage.recorded_values import json_of, object_of, text_of
from headrace.lineage.shown import UNKNOWN, Section, Shown, text, when
from headrace.metadata import properties as names
from headrace.metadata.changes import KeyParts
from headrace.metadata.records import Execution, Property, Run, State

_OURS = "headrace_"
_TFX_OWN = "__"  # how properties begin that TFX keeps for itself
# Parameters of an ExampleGen that tell which data it read; InputData has them.
_OF_DATA = frozenset({"input_base", "input_config", "input_fingerprint", "span", "version"})


@dataclass(frozen=True)
class RunFacts(Shown):
    """A run: who ran what, from which commit, with which versions. None is what was not recorded."""

    id: str
    pipeline: str
    started: datetime
    state: str | None
    seconds: float | None  # from its start to its last execution's end
    nodes: Mapping[str, int] = field(default_factory=dict)  # how many executions are in each state
    user: str | None = None
    host: str | None = None
    git_commit: str | None = None
    git_dirty: bool | None = None
    git_remote: str | None = None  # the URL of `origin`
    git_folder: str | None = None  # the project's in its repository; "" is its root
    versions: Mapping[str, str] | None = None
    parameters: Mapping[str, Property] | None = None  # RuntimeParameters, defaults too
    command: str | None = None
    defaults: Mapping[str, Property] | None = None  # of the RuntimeParameters

    @property
    def code_state(self) -> str:
        """The commit and the state of the tree, in words."""
        if self.git_commit is None:
            return "commit unknown"
        return f"commit {self.git_commit[:12]}{', with changes that are not committed' if self.git_dirty else ''}"

    def rows(self) -> list[dict[str, object]]:
        """One row, a column a field."""
        return [{one.name: getattr(self, one.name) for one in fields(self)}]

    def sections(self) -> list[Section]:
        """When, by whom, from which code, with what."""
        took = UNKNOWN if self.seconds is None else f"{self.seconds:.1f} s"
        rows = (
            ("started", f"{when(self.started)}, took {took}, {text(self.state)}"),
            ("by", f"{text(self.user)} on {text(self.host)}"),
            ("command", text(self.command)),
            ("code", self.code_state),
            ("parameters", UNKNOWN if self.parameters is None else _parameters_text(self.parameters) or "none"),
            ("versions", text(self.versions)),
        )
        return [Section(f"Run {self.id} of {self.pipeline}", (), ("", ""), rows)]


@dataclass(frozen=True)
class Step:
    """An execution that had a part in something: what it ran, with what, for how long."""

    execution: int
    node: str
    type: str
    state: str
    run: str  # empty where it is of none
    started: datetime
    parameters: Mapping[str, Property]
    seconds: float | None  # of its process; else from its registration to its end
    cpu_seconds: float | None
    peak_memory_bytes: int | None
    code: Mapping[str, str] | None  # file, or "package NAME", to sha256 or version
    code_digest: str | None
    executor: str | None  # class path of what did the work

    @property
    def options(self) -> dict[str, Any]:
        """The parameters that say something: no empty ones, none that tell of data, custom_config field by field."""
        return self.options_with({})

    def options_with(self, defaults: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """The same; where a value is of several fields, those that were not given are at their defaults.

        Args:
            defaults: by the text of a parameter's value, see `defaults_of_values`.
        """
        found: dict[str, Any] = {}
        for name, value in sorted(self.parameters.items()):
            if name in _OF_DATA:
                continue
            decoded = object_of(value)
            if isinstance(decoded, dict):
                decoded = {**defaults.get(str(value), {}), **decoded}
            if isinstance(decoded, dict) and name == "custom_config":
                found |= decoded
            elif decoded not in (None, {}, [], ""):
                found[name] = decoded
        return found


def _parameters_text(parameters: Mapping[str, Property]) -> str:
    """Each with its value; of one that is a JSON object, its fields."""
    decoded = {name: object_of(value) for name, value in parameters.items()}
    return "; ".join(
        f"{name}: {text(value) if isinstance(value, Mapping) else text(parameters[name])}"
        for name, value in decoded.items()
    )


def run_facts(run: Run, executions: Iterable[Execution]) -> RunFacts:
    """The facts of a run with these executions."""
    its, own = list(executions), run.properties
    states: dict[str, int] = {}
    for one in its:
        states[one.state.value] = states.get(one.state.value, 0) + 1
    dirty = own.get(names.GIT_DIRTY)
    return RunFacts(
        run.id,
        run.pipeline,
        run.started,
        run_state(run, its),
        max((one.ended - run.started).total_seconds() for one in its) if its else None,
        states,
        user=text_of(own, names.USER),
        host=text_of(own, names.HOST),
        git_commit=text_of(own, names.GIT_COMMIT),
        git_dirty=None if dirty is None else bool(dirty),
        git_remote=without_credentials(text_of(own, names.GIT_REMOTE) or "") or None,  # as old runs recorded it
        git_folder=str(own[names.GIT_FOLDER]) if names.GIT_FOLDER in own else None,
        versions=json_of(own, names.VERSIONS),
        parameters=json_of(own, names.PARAMETERS),
        command=text_of(own, names.COMMAND),
        defaults=json_of(own, names.DEFAULTS),
    )


def defaults_of_values(run: RunFacts, other: RunFacts) -> dict[str, dict[str, Any]]:
    """What a run left at its defaults in RuntimeParameters of several fields: all their defaults, by the value's text.

    Args:
        run: the run.
        other: one that may have recorded the defaults where this one did not.
    """
    defaults = {**(other.defaults or {}), **(run.defaults or {})}
    decoded = {str(value): object_of(defaults.get(name)) for name, value in (run.parameters or {}).items()}
    return {value: default for value, default in decoded.items() if isinstance(default, dict)}


def run_state(run: Run, executions: Iterable[Execution]) -> str | None:
    """How a run ended: as is recorded, or else as its executions tell; None where they do not."""
    if told := text_of(run.properties, names.RUN_STATE):
        return told
    states = {one.state for one in executions}
    if State.RUNNING in states or State.NEW in states or not states:
        return None
    return "failed" if State.FAILED in states else "canceled" if State.CANCELED in states else "succeeded"


def step_of(execution: Execution) -> Step:
    """The facts of an execution."""
    own = execution.properties
    parameters = {name: own[name] for name in own if not name.startswith((_OURS, _TFX_OWN))}
    seconds, cpu, peak = (own.get(name) for name in (names.WALL_SECONDS, names.CPU_SECONDS, names.PEAK_MEMORY_BYTES))
    key = key_of(execution)
    return Step(
        execution.id,
        execution.node,
        execution.type,
        execution.state.value,
        execution.run,
        execution.started,
        parameters,
        float(seconds) if seconds is not None else execution.seconds,
        float(cpu) if cpu is not None else None,
        int(peak) if peak is not None else None,
        key.code if key else None,
        text_of(own, names.CODE),
        text_of(own, names.EXECUTOR),
    )


def key_of(execution: Execution) -> KeyParts | None:
    """What went into the execution's cache key; None where that was not recorded."""
    recorded = execution.properties.get(names.KEY)
    return KeyParts.from_json(str(recorded)) if recorded else None
