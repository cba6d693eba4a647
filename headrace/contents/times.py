"""Times as people read them: one format for the terminal, notebooks and pages."""

from datetime import datetime


def local_time(time: datetime) -> str:
    """A time in the reader's own zone, to the second."""
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S}"
