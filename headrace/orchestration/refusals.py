"""Why a pipeline has nothing of the part that is asked for, where another of the same file may have it."""

from headrace.errors import UnknownNameError, UserError


class NoSuchNodeError(UnknownNameError):
    """The pipeline has no node of that name."""


class NothingToResumeError(UserError):
    """The last run of the pipeline succeeded."""


class NoEarlierRunError(UserError):
    """The pipeline was never run, so there is nothing to resume."""
