"""Tells a component's inputs from its parameters, and checks that they are its own."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_node import BaseNode
from tfx.types import Artifact

from headrace.errors import ParameterError, UnknownNameError
from headrace.testing.artifacts import GivenArtifact

MakesComponent = Callable[..., BaseComponent]


@dataclass(frozen=True)
class Arguments:
    """What a component's constructor is given, by the names of its arguments."""

    inputs: Mapping[str, tuple[GivenArtifact, ...]]
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class _Takes:
    """What a component takes."""

    name: str
    inputs: Mapping[str, type[Artifact]]
    parameters: tuple[str, ...]
    required: frozenset[str]
    open_ended: bool  # it takes arguments of any name

    @classmethod
    def of(cls, component: MakesComponent) -> "_Takes":
        name = getattr(component, "__name__", str(component))
        spec = getattr(component, "SPEC_CLASS", None)
        inputs = spec.INPUTS if spec else {}
        parameters = inspect.signature(component).parameters.values()
        any_name = any(one.kind is one.VAR_KEYWORD for one in parameters)
        types = {key: one.type for key, one in inputs.items()}
        if spec and any_name:  # made of a function: its arguments are those of its spec
            needed = {key for key, one in (inputs | spec.PARAMETERS).items() if not one.optional}
            return cls(name, types, tuple(spec.PARAMETERS), frozenset(needed), open_ended=False)
        named = {one.name: one for one in parameters if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)}
        return cls(
            name,
            {key: one for key, one in types.items() if key in named},
            tuple(key for key in named if key not in types),
            frozenset(key for key, one in named.items() if one.default is one.empty),
            open_ended=any_name,
        )

    def __str__(self) -> str:
        inputs = ", ".join(f"{key} ({one.TYPE_NAME})" for key, one in self.inputs.items()) or "none"
        return f"inputs of {self.name}: {inputs}; parameters: {', '.join(self.parameters) or 'none'}"


def arguments_of(component: MakesComponent, given: Mapping[str, Any]) -> Arguments:
    """The arguments of a component, from what a test gives.

    Raises:
        UnknownNameError: the component takes no argument of that name.
        ParameterError: an argument is missing, an artifact is of another type than the input, or the
            component is made already.
    """
    if isinstance(component, BaseNode) or not callable(component):
        raise ParameterError(
            f"a {type(component).__name__} cannot be run",
            why="it is no class or function that makes a component",
            next_step="give the component's class, and its arguments beside it",
        )
    takes = _Takes.of(component)
    known = (*takes.inputs, *takes.parameters)
    if not takes.open_ended:
        for name in given:
            if name not in known:
                raise UnknownNameError.among(
                    f"input or parameter of {takes.name}", name, known, next_step=f"give {takes}"
                )
    if missing := sorted(takes.required - given.keys()):
        raise ParameterError(f"{takes.name} needs {' and '.join(missing)}", why="not given", next_step=f"give {takes}")
    inputs: dict[str, tuple[GivenArtifact, ...]] = {}
    parameters: dict[str, Any] = {}
    for name, value in given.items():
        if (artifacts := _artifacts(takes, name, value)) is not None:
            inputs[name] = artifacts
        elif name not in takes.inputs:
            parameters[name] = value
    return Arguments({name: ones for name, ones in inputs.items() if ones}, parameters)


def _artifacts(takes: _Takes, name: str, value: object) -> tuple[GivenArtifact, ...] | None:
    """The artifacts of an input; nothing for an optional one that is None; None if the argument is no input."""
    artifact_type = takes.inputs.get(name)
    many = value if isinstance(value, list | tuple) and value else (value,)
    if all(isinstance(one, GivenArtifact) for one in many):
        artifacts = tuple(many)
    elif artifact_type is None:
        return None
    else:
        artifacts = () if value is None else (GivenArtifact(artifact_type, value),)
    for one in artifacts:
        if artifact_type and one.type.TYPE_NAME != artifact_type.TYPE_NAME:
            raise ParameterError(
                f"the input {name!r} cannot be of type {one.type.TYPE_NAME}", why=f"{takes}", where=takes.name
            )
    return artifacts
