"""Where a model came from, and what came of anything: `from headrace.lineage import Lineage`."""

from headrace.lineage.lineage import Lineage

__all__ = ["Lineage"]
