"""OpenLineage's facets about the code that a node ran: where it lies in git, and what it says."""

import hashlib
import re
from collections.abc import Iterator

from openlineage.client.facet_v2 import JobFacet, source_code_job, source_code_location_job

from headrace.lineage.facts import RunFacts, key_of
from headrace.lineage.openlineage_names import PRODUCER
from headrace.metadata.changes import KeyParts
from headrace.metadata.records import Execution
from headrace.project import project_root

_LANGUAGE = "python"
_SCP = re.compile(r"^(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)$")  # git@host:path, which is no URI
# How the sites that are known to do so show a file of a commit.
_SITES = {"github.com": "blob", "gitlab.com": "-/blob"}


def source_code_facets(run: RunFacts, execution: Execution) -> dict[str, JobFacet | None]:
    """The facets about the code of a node.

    Args:
        run: in which the node ran.
        execution: the node's.
    """
    key = key_of(execution)
    path = next((one for one in _candidates(key) if one in key.code), None) if key else None
    if key is None or path is None:  # a library's, or not recorded
        return {}
    return {"sourceCodeLocation": _location(run, path), "sourceCode": _code(path, key.code[path])}


def repository_uri(remote: str) -> str:
    """A remote as a URI: git knows two other ways to write one."""
    if "://" in remote:
        return remote
    if remote.startswith("/"):
        return f"file://{remote}"
    return f"ssh://{host_and_path(remote)}" if _SCP.match(remote) else remote


def host_and_path(remote: str) -> str:
    """The part of a remote after the user."""
    found = _SCP.match(remote)
    if found:
        return f"{found[1]}/{found[2].lstrip('/')}"
    return remote.partition("://")[2].rpartition("@")[2]


def file_url(remote: str, commit: str, path: str) -> str:
    """Where a file of a commit can be looked at; for sites that are not known, the repository itself."""
    host, _, repository = host_and_path(remote).removesuffix(".git").partition("/")
    if host in _SITES:
        return f"https://{host}/{repository}/{_SITES[host]}/{commit}/{path}"
    return repository_uri(remote)


def _candidates(key: KeyParts) -> Iterator[str]:
    """Files that parameters name as "package.module.function", as TFX does, then the executor's own."""
    for value in (*key.parameters.values(), key.executor.partition(" ")[0]):  # arguments follow it
        module, found, _ = value.rpartition(".")
        if found:
            yield f"{module.replace('.', '/')}.py"


def _location(run: RunFacts, path: str) -> JobFacet | None:
    """Where the file lies; None where it is not known of which repository it is."""
    if run.git_remote is None or run.git_commit is None or run.git_folder is None:
        return None
    inside = f"{run.git_folder}/{path}" if run.git_folder else path
    # As `git describe` has it: the tree was not quite that of the commit.
    version = f"{run.git_commit}-dirty" if run.git_dirty else run.git_commit
    return source_code_location_job.SourceCodeLocationJobFacet(
        "git",
        file_url(run.git_remote, run.git_commit, inside),
        repoUrl=run.git_remote,
        path=inside,
        version=version,
        producer=PRODUCER,
    )


def _code(path: str, digest: str) -> JobFacet | None:
    """What the file says, if it still is the one that ran."""
    try:
        content = (project_root() / path).read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != digest:
        return None
    return source_code_job.SourceCodeJobFacet(_LANGUAGE, content.decode(errors="replace"), producer=PRODUCER)
