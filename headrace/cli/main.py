"""The entry point of the `headrace` command."""

import click

from headrace.cli.gc import gc
from headrace.cli.lineage import lineage
from headrace.cli.new import new
from headrace.cli.plan import plan
from headrace.cli.run import run
from headrace.cli.runs import runs
from headrace.cli.server import server
from headrace.cli.show import show
from headrace.cli.upgrade import upgrade
from headrace.errors import UnknownNameError, reported


class _Commands(click.Group):
    """A group that suggests the right command for a mistyped one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise UnknownNameError.among("command", args[0], self.commands, next_step="headrace --help")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headrace")
def commands() -> None:
    """Run TFX pipelines on this machine, and look at what they made."""


commands.add_command(gc)
commands.add_command(new)
commands.add_command(lineage)
commands.add_command(plan)
commands.add_command(run)
commands.add_command(runs)
commands.add_command(server)
commands.add_command(show)
commands.add_command(upgrade)


def main() -> None:
    """Runs the command line; a failure ends with one message and an exit code: 2 the user's, 1 a run's."""
    with reported():
        commands()
