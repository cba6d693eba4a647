"""What is recorded of a run beside TFX's records: who ran what, from which commit, with which versions.

It is all put on the run's context before the first node starts: a publisher that has
read the context writes it back as it was, and would take away what came in between.
"""

import json
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from tfx.orchestration.portable.mlmd import context_lib

from headrace.credentials import without_credentials
from headrace.metadata import MetadataStore, Property
from headrace.metadata import properties as names
from headrace.orchestration.connection import SharedMetadata
from headrace.orchestration.graph import GraphNode
from headrace.orchestration.project_imports import is_library
from headrace.orchestration.run_lock import user_name
from headrace.project import project_root

# What a model's numbers may depend on.
PACKAGES = (
    "headrace", "tfx", "tensorflow", "keras", "tensorflow-transform", "tensorflow-data-validation",
    "tensorflow-model-analysis", "tfx-bsl", "ml-metadata", "apache-beam", "pyarrow", "numpy",
)  # fmt: skip
_PATIENCE_SECONDS = 10.0  # with git; the state is unknown then
_NO_COMMIT = "(initial)"  # as git has it


def git_properties(folder: Path) -> dict[str, Property]:
    """The commit of the repository around `folder`, its remote, its tree's state; empty where git does not tell."""
    status = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=normal")
    if status is None:  # no git, or no repository
        return {}
    lines = status.splitlines()
    commit = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), _NO_COMMIT)
    if commit == _NO_COMMIT:
        return {}
    found: dict[str, Property] = {
        names.GIT_COMMIT: commit,
        names.GIT_DIRTY: any(not line.startswith("# ") for line in lines),
    }
    if (inside := _git(folder, "rev-parse", "--show-prefix")) is not None:
        found[names.GIT_FOLDER] = inside.strip().rstrip("/")
    remote = _git(folder, "config", "--get", "remote.origin.url") or ""
    if remote := without_credentials(remote.strip()):
        found[names.GIT_REMOTE] = remote
    return found


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None where it fails, or is not there."""
    try:
        git = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},  # it only looks
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return git.stdout.decode(errors="replace")


def project_of_main() -> Path:
    """The project of the file that runs, or that of the working folder where a library's does."""
    main = getattr(sys.modules["__main__"], "__file__", None)
    return project_root(Path(main).parent if main and not is_library(Path(main)) else None)


def run_properties(
    project: Path,
    parameters: Mapping[str, Property],
    command: str,
    basis: str,
    defaults: Mapping[str, Property] | None = None,
) -> dict[str, Property]:
    """All that is recorded of a run when it starts.

    Args:
        project: the folder of the project that the pipeline is of.
        parameters: the values of the pipeline's RuntimeParameters.
        command: what was typed; empty where nothing was, as in a notebook.
        basis: what the run starts from, as text; empty where it is not known.
        defaults: of the RuntimeParameters that have one.
    """
    return {
        **git_properties(project),
        names.VERSIONS: json.dumps(_versions()),
        names.USER: user_name(),
        names.HOST: socket.gethostname(),
        names.PARAMETERS: json.dumps(dict(parameters), sort_keys=True),
        names.DEFAULTS: json.dumps(dict(defaults or {}), sort_keys=True),
        **({names.COMMAND: command} if command else {}),
        **({names.BASIS: basis} if basis else {}),
    }


def record_run(
    nodes: Sequence[GraphNode], run_id: str, store: MetadataStore, properties: Mapping[str, Property]
) -> None:
    """Makes the run's context as its first node would, and puts the properties there; an ASYNC pipeline has none."""
    first = next((node for node in nodes if not node.is_outside), None)
    if first is None:
        return
    with SharedMetadata(store) as connection:
        context_lib.prepare_contexts(connection, first.node.contexts)
    store.annotate_run(run_id, properties)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # of a project that does without it
            continue
    return found
