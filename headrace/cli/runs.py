"""`headrace runs`: what was run, what is running, and how to end it."""

import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headrace.cli.counts import COUNT, COUNT_NAME
from headrace.cli.run_logs import logs_of, no_log
from headrace.cli.stores import metadata_option, opened
from headrace.errors import HeadraceError, UnknownNameError, UserError, nearest

if TYPE_CHECKING:
    from headrace.metadata import Execution, MetadataStore
    from headrace.orchestration.run_records import RunRecord

_POLL_SECONDS = 0.1
_ENDED = {
    "succeeded": "it has succeeded",
    "failed": "it has failed",
    "canceled": "it was stopped",
    "died": "its orchestrator was killed",
}


@click.group()
def runs() -> None:
    """List runs, look into one, read its logs, end it.

    RUN is a run's id, the beginning of one that no other has, or "latest".
    """


@runs.command("list")
@click.option("--pipeline", help="Only the runs of this pipeline.")
@click.option("--limit", type=COUNT, metavar=COUNT_NAME, default=20, show_default=True, help="At most so many.")
@metadata_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_runs(pipeline: str | None, limit: int, metadata: str | None, as_json: bool) -> None:
    """List the runs, the newest first."""
    from headrace.orchestration.run_records import run_records

    settings, stores = opened(metadata)
    records = run_records(settings, stores, pipeline, limit)
    if as_json:
        _print_json([{**_facts(record), "nodes": record.counts} for record in records])
    elif records:
        _print_runs(records, several_stores=len(stores.opened) > 1)
    else:
        near = nearest(pipeline, {record.pipeline for record in run_records(settings, stores)}) if pipeline else ""
        of = f" of {pipeline}" if pipeline else ""
        click.echo(f"no runs{of} are recorded" + (f"; did you mean {near}?" if near else ""))


@runs.command()
@click.argument("run")
@metadata_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(run: str, metadata: str | None, as_json: bool) -> None:
    """Show what came of each node of RUN: state, time, memory, error, log.

    A node that was tried more than once, or ran for several inputs, has a row for each execution.
    """
    from headrace.orchestration.run_records import find_run

    settings, stores = opened(metadata)
    record = find_run(settings, stores, run)
    folder = settings.log_folder(record.pipeline, record.id)
    if as_json:
        executions = [{**_execution_facts(one), "notes": _notes(record.store, one)} for one in record.executions]
        _print_json(
            {**_facts(record), "log_folder": str(folder) if folder.is_dir() else None, "executions": executions}
        )
    else:
        _print_run(record, folder, {one.id: _notes(record.store, one) for one in record.executions})


@runs.command()
@click.argument("run")
@click.argument("node", required=False)
@metadata_option
def logs(run: str, node: str | None, metadata: str | None) -> None:
    """Print the log of NODE in RUN.

    Without NODE: the log of the node that failed, if just one did, or else a list of the logs.
    The orchestrator and the server that nodes start from have logs too: give their names as NODE.
    """
    from headrace.orchestration.run_records import find_run, node_state

    settings, stores = opened(metadata)
    record = find_run(settings, stores, run)
    known = logs_of(record, settings.log_folder(record.pipeline, record.id))
    failed = [name for name, execution in record.nodes.items() if node_state(execution) == "failed" and name in known]
    if node is None and len(failed) == 1:
        [node] = failed
        click.echo(f"{node} failed; its log, {known[node]}:", err=True)
    if node is None:
        for name, path in known.items():
            click.echo(f"{name}\t{path}")
        if not known:
            click.echo(f"run {record.id} has no logs", err=True)
        return
    if node in record.nodes and node not in known:
        raise no_log(record, node)
    if node not in known:
        raise UnknownNameError.among("log", node, known, next_step=f"headrace runs logs {record.id}")
    with open(known[node], "rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer)


@runs.command()
@click.argument("run")
@click.option("--wait", type=float, default=30.0, show_default=True, help="Seconds to wait for its end.")
@metadata_option
def terminate(run: str, wait: float, metadata: str | None) -> None:
    """End RUN, as Ctrl-C would: its processes are ended, what was at work is canceled, the rest stays as it is."""
    from headrace.orchestration.run_lock import live_runs
    from headrace.orchestration.run_records import find_run

    settings, stores = opened(metadata)
    record = find_run(settings, stores, run)
    locked = next((one for one in live_runs(settings) if one.run_id == record.id), None)
    if locked is None:
        raise UserError(
            f"run {record.id} of {record.pipeline} is not running",
            why=_ENDED.get(record.state, "how it ended is not recorded"),
            next_step="headrace runs list",
        )
    if locked.pid is None or locked.host != socket.gethostname():
        why = f"its orchestrator is a process on {locked.host}" if locked.host else "its lock does not say which it is"
        raise UserError("its orchestrator cannot be reached from here", where=str(locked.path), why=why)
    try:
        os.kill(locked.pid, signal.SIGTERM)
    except ProcessLookupError:  # it has just ended
        pass
    except PermissionError as error:
        raise UserError(f"the run is {locked.user}'s", why=f"process {locked.pid}: {error.strerror}") from error
    deadline = time.monotonic() + wait
    while locked.live:
        if time.monotonic() > deadline:
            raise HeadraceError(
                f"run {record.id} of {record.pipeline} has been told to end, and has not ended within {wait:g} s",
                where=f"process {locked.pid}",
                next_step=f"headrace runs terminate {record.id}, or, if that is no help: kill -9 {locked.pid}",
            )
        time.sleep(_POLL_SECONDS)
    state = ""
    if record.executions:
        state = f": {find_run(*opened(metadata), record.id).state}"  # says so, if it ended without a word
    click.echo(f"run {record.id} of {record.pipeline} ended{state}")


def _facts(record: "RunRecord") -> dict[str, Any]:
    return {
        "run": record.id,
        "pipeline": record.pipeline,
        "started": record.started.isoformat(),
        "seconds": round(record.seconds, 3),
        "state": record.state,
        "store": record.store.address if record.store else None,
    }


def _execution_facts(execution: "Execution") -> dict[str, Any]:
    from headrace.metadata import properties as names
    from headrace.orchestration.run_records import failure_of_execution, node_seconds, node_state

    failure = failure_of_execution(execution)
    seconds = node_seconds(execution)
    return {
        "execution": execution.id,
        "node": execution.node,
        "state": node_state(execution),
        "seconds": None if seconds is None else round(seconds, 3),
        "cpu_seconds": execution.properties.get(names.CPU_SECONDS),
        "peak_memory_bytes": execution.properties.get(names.PEAK_MEMORY_BYTES),
        "error": failure
        and {
            **{name: getattr(failure, name) for name in ("kind", "message", "where", "why")},
            "next": failure.next_step,
        },
        "log": execution.properties.get(names.LOG),
    }


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2))


def _print_runs(records: "Iterable[RunRecord]", *, several_stores: bool) -> None:
    from rich.table import Table

    from headrace.terminal import wide_console

    table = Table("run", "pipeline", "started")
    table.add_column("duration", justify="right")
    table.add_column("state")
    table.add_column("nodes")
    if several_stores:
        table.add_column("metadata store", overflow="fold")
    for record in records:
        nodes = ", ".join(f"{count} {state}" for state, count in record.counts.items())
        started = f"{record.started.astimezone():%Y-%m-%d %H:%M:%S}"
        row = [record.id, record.pipeline, started, _duration(record.seconds), record.state, nodes]
        table.add_row(*row, *([record.store.address if record.store else ""] if several_stores else []))
    wide_console().print(table)


def _notes(store: "MetadataStore | None", execution: "Execution") -> list[str]:
    """What the execution left notes of on the artifacts that it made, and which of its inputs changed meanwhile."""
    from headrace.metadata.properties import NOTE
    from headrace.orchestration.summary import changed_inputs_of

    outputs = store.outputs(execution.id) if store and execution.state.succeeded else {}
    made = (artifact for artifacts in outputs.values() for artifact in artifacts)
    notes = [str(note) for one in made if (note := one.properties.get(NOTE))]
    return notes + (changed_inputs_of(store, execution.id) if store else [])


def _print_run(record: "RunRecord", folder: Path, notes: dict[int, list[str]]) -> None:
    from rich.table import Table

    from headrace.orchestration.run_records import failure_of_execution, node_state
    from headrace.terminal import wide_console

    table = Table("node", "state", "execution")
    for column in ("seconds", "CPU seconds", "peak memory"):
        table.add_column(column, justify="right")
    table.add_column("log")
    for execution in record.executions:
        facts = _execution_facts(execution)
        log = Path(facts["log"]) if facts["log"] else None
        table.add_row(
            facts["node"],
            facts["state"],
            str(execution.id),
            _number(facts["seconds"]),
            _number(facts["cpu_seconds"]),
            "" if facts["peak_memory_bytes"] is None else f"{facts['peak_memory_bytes'] / 1e6:.0f} MB",
            "" if log is None else log.name if log.parent == folder else str(log),
        )
    screen = wide_console()
    title = f"{record.pipeline} run {record.id}: {record.state}, {_duration(record.seconds)}"
    screen.print(title, style="bold", soft_wrap=True)
    logs = f", logs in {folder}" if folder.is_dir() else ""
    screen.print(f"started {record.started.astimezone():%Y-%m-%d %H:%M:%S}{logs}", soft_wrap=True)
    screen.print(table if record.executions else "no node has started yet")
    for execution in record.executions:
        for note in notes[execution.id]:
            screen.print(f"{execution.node}: {note}", soft_wrap=True)
    for execution in record.executions:
        if failure := failure_of_execution(execution):
            screen.print(f"{execution.node} {node_state(execution)}", style="bold red", soft_wrap=True)
            screen.print(str(failure), soft_wrap=True)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes // 60}h {minutes % 60:02}m"
        if minutes >= 60
        else f"{minutes}m {rest:02}s"
        if minutes
        else f"{seconds:.1f}s"
    )
