"""What jobs, runs and datasets are called in OpenLineage: the same at each export."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import TypeVar

from openlineage.client.naming.dataset import LocalFileSystem
from openlineage.client.uuid import generate_static_uuid

from headrace.metadata.records import Execution, Run

NAMESPACE = "headrace"  # of jobs
PRODUCER = f"pkg:generic/headrace@{version('headrace')}"  # a package URL: which program says all this
Facet = TypeVar("Facet")


@dataclass(frozen=True, order=True)
class DatasetId:
    """A dataset: one place, whatever is written there over time."""

    namespace: str
    name: str

    @staticmethod
    def at(uri: str) -> "DatasetId":
        """The dataset at a URI or a path: of a local one the namespace is "file" and the name its path."""
        scheme, found, rest = uri.partition("://")
        if not found or scheme == "file":
            local = LocalFileSystem((rest if found else uri).rstrip("/") or "/")
            return DatasetId(local.get_namespace(), local.get_name())
        authority, _, path = rest.partition("/")
        return DatasetId(f"{scheme}://{authority}", path.rstrip("/") or "/")

    def below(self, folder: str) -> "DatasetId":
        """The dataset in a folder of this one."""
        return DatasetId(self.namespace, f"{self.name}/{folder}")


def output_place(uri: str, key: str, execution_id: int) -> str:
    """Where all executions of a node write what has this key: TFX appends the execution's id to it.

    Args:
        uri: of one artifact.
        key: the output key under which it was made.
        execution_id: of the execution that made it.
    """
    own = f"/{key}/{execution_id}"
    return uri.removesuffix(f"/{execution_id}") if uri.endswith(own) else uri


def job_name(pipeline: str, node: str = "") -> str:
    """The job of a pipeline, or of a node in it."""
    return f"{pipeline}.{node}" if node else pipeline


def run_uuid(run: Run) -> str:
    """The id of a pipeline's run."""
    return str(generate_static_uuid(run.started, f"{run.pipeline}/{run.id}".encode()))


def execution_uuid(execution: Execution) -> str:
    """The id of a node's run."""
    names = (execution.pipeline, execution.run, execution.node, str(execution.id))
    return str(generate_static_uuid(execution.started, "/".join(names).encode()))


def time_text(time: datetime) -> str:
    """A time with its zone, as RFC 3339 has it."""
    return time.isoformat(timespec="milliseconds")


def recorded(facets: Mapping[str, Facet | None]) -> dict[str, Facet]:
    """The facets that there are; what was not recorded is left out."""
    return {name: facet for name, facet in facets.items() if facet is not None}
