"""`headrace server`: the process that has imported TFX already, and forks what runs."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from headrace.warm_server.messages import Status


@click.group()
def server() -> None:
    """See or stop the warm server, which spares each command the import of TFX.

    The first `headrace run` or `headrace plan` starts it; it ends by itself when it was idle for ten minutes. It holds
    libraries only, never your modules. There is one for each user, Python environment and set of variables that
    libraries read; without it: --no-server, HEADRACE_SERVER=false, or `server = false` in [tool.headrace] of
    pyproject.toml.
    """


@server.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Tell which warm servers there are for this environment, and what they do."""
    from headrace.warm_server.client import statuses

    found = statuses()
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    elif not found:
        click.echo("no warm server; the next headrace run starts one")
    for one in found if not as_json else ():
        click.echo(_line(one))


@server.command()
def stop() -> None:
    """End the warm servers for this environment, if they are not in use."""
    from headrace.warm_server.client import stop

    ended = stop()
    for one in ended:
        click.echo(f"stopped process {one.pid}")
    if not ended:
        click.echo("no warm server")


def _line(status: "Status") -> str:
    doing = f"at work: {status.at_work}" if status.processes else "idle"
    return (
        f"process {status.pid}: {doing}; "
        f"up {status.seconds / 60:.0f} min, {status.memory_bytes / 1e6:.0f} MB, "
        f"ends after {status.idle_seconds / 60:.0f} idle minutes"
    )
