"""Small components for pipelines that tests run: they sleep, add, fail, crash."""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Integer, Model, String

from headrace.metadata import MetadataStore
from headrace.metadata.records import MARKED_FOR_DELETION


@component
def Sleep(seconds: Parameter[float], done: OutputArtifact[Integer]) -> None:  # noqa: N802
    """Sleeps, and notes when."""
    started = time.time()
    time.sleep(seconds)
    done.value = 1
    done.set_float_custom_property("started", started)
    done.set_float_custom_property("ended", time.time())


@component
def Number(value: Parameter[int], number: OutputArtifact[Integer]) -> None:  # noqa: N802
    """Makes a number."""
    number.value = value


@component
def Measure(loss: Parameter[str], number: OutputArtifact[Integer]) -> None:  # noqa: N802
    """Sets a property of its output to a number that is given as text."""
    number.value = 1
    number.set_float_custom_property("loss", float(loss))


@component
def Text(value: Parameter[str], text: OutputArtifact[String]) -> None:  # noqa: N802
    """Makes a text."""
    text.value = value


@component
def AddOne(number: InputArtifact[Integer], sum: OutputArtifact[Integer]) -> None:  # noqa: A002, N802
    """Adds one."""
    sum.value = number.value + 1


@component
def MaybeAddOne(sum: OutputArtifact[Integer], number: InputArtifact[Integer] = None) -> None:  # noqa: A002, N802
    """Adds one to a number, or to nothing."""
    sum.value = (number.value if number else 0) + 1


@component
def AddTo(  # noqa: N802
    sum: OutputArtifact[Integer],  # noqa: A002
    base: InputArtifact[Integer],
    more: InputArtifact[Integer] = None,
) -> None:
    """Adds a number, or nothing, to another."""
    sum.value = base.value + (more.value if more else 0)


@component
def Positive(number: InputArtifact[Integer], same: OutputArtifact[Integer]) -> None:  # noqa: N802
    """Hands on a number that is one, as a gate would."""
    if number.value < 0:
        raise ValueError(f"{number.value} is negative")
    same.value = number.value


@component
def Spoil(number: InputArtifact[Integer], seen: OutputArtifact[Integer]) -> None:  # noqa: N802
    """Reads its input and overwrites it, as long as it was, as no component should."""
    seen.value = number.value
    Path(number.uri).write_text("9")


@component
def Raise(message: Parameter[str]) -> None:  # noqa: N802
    """Raises what does not go away by itself."""
    raise ValueError(message)


@component
def RaiseEscaped(message: Parameter[str]) -> None:  # noqa: N802
    """Raises with a text that is no text."""
    raise ValueError(message.encode().decode("unicode-escape"))


@component
def Flaky(marks: Parameter[str], failures: Parameter[int], number: OutputArtifact[Integer]) -> None:  # noqa: N802
    """Fails so many times, each time leaving a mark, and then does not."""
    attempt = len(list(Path(marks).iterdir()))
    if attempt < failures:
        (Path(marks) / str(attempt)).touch()
        raise ConnectionError(f"failure {attempt}")
    number.value = attempt


@component
def Crash() -> None:  # noqa: N802
    """Reads where there is no memory."""
    ctypes.string_at(0)


@component
def KillItself() -> None:  # noqa: N802
    """Does what the kernel does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


@component
def FillDisk() -> None:  # noqa: N802
    """Writes to a device that is always full."""
    with open("/dev/full", "w") as file:
        file.write("x")


@component
def FillOutput(model: OutputArtifact[Model]) -> None:  # noqa: N802
    """Writes as much as the disk takes, and says so."""
    with open(Path(model.uri) / "weights", "wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
            print("more")


@component
def Meet(place: Parameter[str], me: Parameter[str], other: Parameter[str]) -> None:  # noqa: N802
    """Leaves a sign and waits for that of another."""
    (Path(place) / me).touch()
    deadline = time.monotonic() + 60
    while not (Path(place) / other).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{other} never came")
        time.sleep(0.01)


@component
def Point(where: Parameter[str], model: OutputArtifact[Model]) -> None:  # noqa: N802
    """Says that its output lies somewhere else."""
    model.uri = where


@component
def Shell(command: Parameter[str], number: OutputArtifact[Integer]) -> None:  # noqa: N802
    """Runs a command line."""
    subprocess.run(["bash", "-c", command], check=True, capture_output=True)
    number.value = 1


@component
def MarkInput(number: InputArtifact[Integer], store: Parameter[str]) -> None:  # noqa: N802
    """Marks its input for deletion, as a clean-up would that began a moment too late; and fails."""
    MetadataStore.open(Path(store)).mark_artifacts([number.id], MARKED_FOR_DELETION)
    raise ConnectionError("try again")


class OwnRunner(FnApiRunner):
    """A Beam runner that nobody knows anything of."""
