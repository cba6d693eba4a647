"""What to type after a run that failed or was stopped."""

import shlex

from tfx.proto.orchestration.pipeline_pb2 import Pipeline

from headrace.orchestration.faults import WITHOUT_STAND_IN
from headrace.orchestration.outcomes import RunOutcome
from headrace.orchestration.partial import why_not_resumed
from headrace.typed_command import with_option

_RESUME, _STOCK_ALONE = "--resume", "--no-acceleration"
_OF_A_PART = (_RESUME, "--only", "--from", "--to")  # each asks for a part by itself: --resume cannot be added


def continuing(command: str, pipeline: Pipeline, outcome: RunOutcome) -> str:
    """The command that goes on with a run, and what has to be done first, if it would fail again as it is.

    Args:
        command: that was typed, quoted; empty where nothing can be typed, as in a notebook.
        pipeline: that was run.
        outcome: how it ended.
    """
    if not command:
        return "mend the cell and run it again" if outcome.failed else "run the cell again"
    more = [] if why_not_resumed(pipeline) else [_RESUME]
    failures = [node.failure for node in outcome.failed if not node.optional and node.failure]
    if any(failure.next_step == WITHOUT_STAND_IN for failure in failures):
        return _with(command, [*more, _STOCK_ALONE])
    lasting = [node.node for node in outcome.failed if node.failure and not node.failure.retryable]
    first = f"  # once what {' and '.join(lasting)} failed on is put right" if lasting else ""
    return _with(command, more) + first


def going_on(command: str, pipeline: Pipeline) -> str:
    """What goes on with a run that broke off, or was killed; `command` as `continuing` takes it."""
    if not command:
        return "run its cell, or its program, again"
    return _with(command, [] if why_not_resumed(pipeline) else [_RESUME])


def _with(command: str, options: list[str]) -> str:
    """The command with options that it has not got."""
    words = shlex.split(command)
    if words[:2] != ["headrace", "run"]:
        return command
    given = {word.partition("=")[0] for word in words[: words.index("--") if "--" in words else None]}
    if given.intersection(_OF_A_PART):
        options = [option for option in options if option != _RESUME]
    return with_option(command, *(option for option in options if option not in given))
