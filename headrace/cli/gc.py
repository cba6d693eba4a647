"""`headrace gc`: removes outputs that nothing live or recent came from."""

import json
import re
import shlex
from collections.abc import Sequence
from os.path import realpath
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headrace.cli.counts import COUNT, COUNT_NAME
from headrace.cli.stores import metadata_option, opened
from headrace.errors import RunCanceledError, UserError

if TYPE_CHECKING:
    from headrace.metadata.stores import Stores
    from headrace.orchestration.clean_up import Kept
    from headrace.orchestration.removal import Measured
    from headrace.settings import Settings


_OUTPUT = re.compile(r"(.+)/[^/]+/[^/]+/\d+(?:/value)?/?")  # ROOT/NODE/KEY/EXECUTION, a file in it for a value
_SHOWN = 3  # folders in a message


@click.command()
@click.option("--yes", is_flag=True, help="Remove them.")
@click.option(
    "--keep-runs",
    type=COUNT,
    metavar=COUNT_NAME,
    help="How many runs of each pipeline are recent; the setting keep_runs.",
)
@metadata_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def gc(yes: bool, keep_runs: int | None, metadata: str | None, as_json: bool) -> None:
    """List the outputs that nothing live or recent came from; with --yes remove them.

    Kept is what the newest runs of each pipeline read and made, the runs that go on, and the runs that pushed what is
    live, the newest pushed model of each pusher; and all that this came from. Only what an execution made in the home
    is ever removed, where its outputs belong (ROOT/NODE/KEY/EXECUTION), and what was left there unfinished when it was
    killed. Records and logs stay: what is removed is marked DELETED, and still answers questions. Interrupted, it can
    be run again.
    """
    from headrace.orchestration.clean_up import survey
    from headrace.orchestration.removal import measured, remove

    settings, stores = opened(metadata)
    every = _every(settings) if stores.opened else stores
    keep = keep_runs or settings.keep_runs
    given = [*([f"--keep-runs={keep_runs}"] if keep_runs else []), *([f"--metadata={metadata}"] if metadata else [])]
    command = shlex.join(["headrace", "gc", *given, "--yes"])
    found: list[Measured] = []
    kept: list[Kept] = []
    try:
        for store in stores.opened:
            others = [one for one in every.opened if one.address != store.address]
            looked = survey(settings, store, keep, others)
            found += remove(settings, store, keep, others) if yes else measured(looked.removals)
            kept += looked.kept
    except KeyboardInterrupt:
        raise RunCanceledError("the clean-up was stopped; run it again to finish it", next_step=command) from None
    if as_json:
        _print_json(found, kept, yes)
        return
    if found:
        _print(found)
        click.echo("removed; records and logs stay" if yes else f"{command} removes them; records and logs stay")
    else:
        click.echo(f"nothing to remove: {_why_nothing(settings, stores, keep, bool(kept))}")
    for one in kept:
        click.echo(f"kept, although nothing needs it: {one.place} ({one.why})")


def _why_nothing(settings: "Settings", stores: "Stores", keep: int, some_kept: bool) -> str:
    """Why nothing goes: it is needed, or it lies where nothing is ever removed."""
    from headrace.metadata.records import LIVE

    home = Path(realpath(settings.home))
    there = (one.uri for store in stores.opened for one in store.artifacts() if one.state == LIVE)
    roots = {Path(realpath(found[1])) for uri in there if "://" not in uri and (found := _OUTPUT.fullmatch(uri))}
    outside = sorted(str(root) for root in roots if home not in (root, *root.parents))
    recent = "the last run of its pipeline" if keep == 1 else f"one of the last {keep} runs of its pipeline"
    needed = f"a live model, or {recent}, needs {'all else' if some_kept else 'all there is'}"
    if not outside:
        return needed
    more = f" and {len(outside) - _SHOWN} more" if len(outside) > _SHOWN else ""
    never = f"outputs outside {settings.home} are never removed, as those in {', '.join(outside[:_SHOWN])}{more}"
    return never if len(outside) == len(roots) else f"{needed} in {settings.home}; {never}"


def _every(settings: "Settings") -> "Stores":
    """All stores, also where only one is to be looked at: what the others need stays.

    Raises:
        UserError: one cannot be opened.
    """
    from headrace.metadata.known_stores import FOLDER
    from headrace.metadata.stores import Stores

    every = Stores.every(settings)
    if every.closed:
        raise UserError(
            "the clean-up has to know what every metadata store needs, and cannot open all of them",
            where=", ".join(every.closed),
            why="; ".join(every.notes),
            next_step=f"ls {settings.home / FOLDER}  # a store that nobody needs any more is forgotten with its file",
        )
    return every


def _print(found: "Sequence[Measured]") -> None:
    from rich.filesize import decimal
    from rich.table import Table

    from headrace.terminal import wide_console

    table = Table("pipeline", "node", show_footer=True)
    table.columns[0].footer = "all"
    table.add_column("outputs", justify="right", footer=str(len(found)))
    table.add_column("size", justify="right", footer=decimal(sum(one.bytes for one in found)))
    for (pipeline, node), sizes in _by_node(found).items():
        table.add_row(pipeline, node, str(len(sizes)), decimal(sum(sizes)))
    wide_console().print(table)


def _print_json(found: "Sequence[Measured]", kept: "Sequence[Kept]", removed: bool) -> None:
    nodes = [
        {"pipeline": pipeline, "node": node, "artifacts": len(sizes), "bytes": sum(sizes)}
        for (pipeline, node), sizes in _by_node(found).items()
    ]
    total = {"artifacts": len(found), "bytes": sum(one.bytes for one in found)}
    click.echo(
        json.dumps({"removed": removed, **total, "nodes": nodes, "kept": [str(one.place) for one in kept]}, indent=2)
    )


def _by_node(found: "Sequence[Measured]") -> dict[tuple[str, str], list[int]]:
    sizes: dict[tuple[str, str], list[int]] = {}
    for one in found:
        sizes.setdefault((one.removal.pipeline, one.removal.node), []).append(one.bytes)
    return dict(sorted(sizes.items()))
