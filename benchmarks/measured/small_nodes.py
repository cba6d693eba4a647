"""What the measured pipelines are made of."""

import time

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Integer

_MODULUS = 2**31 - 1


@component
def Number(value: Parameter[int], number: OutputArtifact[Integer]) -> None:  # noqa: N802
    """Makes a number."""
    number.value = value


@component
def AddOne(number: InputArtifact[Integer], sum: OutputArtifact[Integer]) -> None:  # noqa: A002, N802
    """Adds one."""
    sum.value = number.value + 1


@component
def Sleep(seconds: Parameter[float], done: OutputArtifact[Integer]) -> None:  # noqa: N802
    """Waits, and uses nothing."""
    time.sleep(seconds)
    done.value = 1


@component
def Compute(rounds: Parameter[int], result: OutputArtifact[Integer]) -> None:  # noqa: N802
    """Keeps one core busy, in Python alone."""
    value = 1
    for index in range(rounds):
        value = (value * 48271 + index) % _MODULUS
    result.value = value
