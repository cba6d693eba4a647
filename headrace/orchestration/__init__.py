"""Runs pipelines on this machine: `from headrace.orchestration import HeadraceDagRunner`.

TFX is imported when the runner is first asked for, and its import's noise is not
shown: TensorFlow prints to the console before any of its settings is read.
"""

from typing import TYPE_CHECKING, Any

from headrace.orchestration.outcomes import RunOutcome

if TYPE_CHECKING:
    from headrace.orchestration.runner import HeadraceDagRunner

__all__ = ["HeadraceDagRunner", "RunOutcome"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from headrace.orchestration.output import quietly

    with quietly():
        from headrace.orchestration.runner import HeadraceDagRunner
    return HeadraceDagRunner
