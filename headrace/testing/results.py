"""What came of a component that ran by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from headrace.errors import RunFailedError, UnknownNameError, UserError
from headrace.metadata import Property, State
from headrace.orchestration.outcomes import Failure

if TYPE_CHECKING:
    from tfx.types import Artifact


@dataclass(frozen=True)
class Output:
    """An artifact that the component made.

    Attributes:
        type_name: such as "Examples".
        uri: the folder that holds it; of a value artifact, the file. It is there until the process ends.
        properties: its properties and custom properties, by their names.
    """

    type_name: str
    uri: str
    properties: Mapping[str, Property]
    _class: "type[Artifact]" = field(repr=False)

    @property
    def path(self) -> Path:
        """The folder, or the file, that holds it."""
        return Path(self.uri)

    @property
    def value(self) -> Any:
        """The value of an Integer, Float, String, Boolean, Bytes or JsonValue.

        Raises:
            UserError: an artifact of its type holds no value.
        """
        from tfx.types.value_artifact import ValueArtifact

        if not issubclass(self._class, ValueArtifact):
            raise UserError(f"an artifact of type {self.type_name} has no value", where=self.uri, why="it is a folder")
        made = self._class()
        made.uri = self.uri
        for name, value in self.properties.items():
            if isinstance(value, int):  # whether the value is None is a property
                made.set_int_custom_property(name, value)
        return made.read()

    def read(self) -> Any:
        """What it holds, in plain records.

        Examples are a DataFrame a split; ExampleAnomalies, ExampleStatistics, ModelEvaluation and Schema
        are read as headrace.contents has them.

        Raises:
            UserError: Headrace cannot read artifacts of its type.
        """
        from headrace.testing.reading import READERS

        if self.type_name not in READERS:
            known = ", ".join(sorted(READERS))
            raise UserError(
                f"Headrace cannot read an artifact of type {self.type_name}", where=self.uri, why=f"it can read {known}"
            )
        return READERS[self.type_name](self.path)


class Outputs(dict[str, Output]):
    """Outputs by their keys; says why, where there is none of a key."""

    def __init__(self, outputs: Mapping[str, Output], error: RunFailedError | None) -> None:
        super().__init__(outputs)
        self._error = error

    def __missing__(self, key: str) -> Output:
        raise self._error or UnknownNameError.among("output", key, self)


@dataclass(frozen=True)
class ComponentResult:
    """How a component's execution ended, and what it made.

    Attributes:
        component: the id of its node.
        state: COMPLETE or FAILED, as ML Metadata has it.
        error: why it failed; None if it did not.
        outputs: what it made, by key; nothing if it failed.
        properties: of the execution: the component's parameters, and what Headrace adds to them.
        log: what the executor logged and printed.
    """

    component: str
    state: State
    error: Failure | None
    outputs: Outputs
    properties: Mapping[str, Property] = field(repr=False)
    log: str = field(repr=False)

    def raise_for_state(self) -> Self:
        """Returns this result.

        Raises:
            RunFailedError: the component failed; with the facts of its error.
        """
        if self.error is not None:
            raise failed(self.component, self.error)
        return self


def failed(component: str, failure: Failure) -> RunFailedError:
    """A component's failure, as an error to raise."""
    return RunFailedError(
        f"{component} failed: {failure.kind}: {failure.message}",
        where=failure.where,
        why=failure.why,
        next_step=failure.next_step,
    )
