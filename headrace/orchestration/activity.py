"""What a node at work is doing, as far as its log tells: Keras prints epochs and steps there, stand-ins a count."""

import re
from pathlib import Path

_TAIL_BYTES = 4096
_EPOCH = re.compile(r"Epoch (\d+)/(\d+)")
_STEP = re.compile(r"(?<![\d/])(\d+)/(\d+)[ \x1b]")
_COUNT = re.compile(r"[\d,]+ examples so far")


def activity_of(log: Path) -> str:
    """The newest epoch and step in a log, "epoch 2 of 5, step 40 of 149", or count; empty where there is none."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            tail = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    epochs = list(_EPOCH.finditer(tail))
    if not epochs:
        counts = _COUNT.findall(tail)
        return counts[-1] if counts else ""
    said = [f"epoch {epochs[-1][1]} of {epochs[-1][2]}"]
    if steps := list(_STEP.finditer(tail, epochs[-1].end())):
        said.append(f"step {steps[-1][1]} of {steps[-1][2]}")
    return ", ".join(said)
