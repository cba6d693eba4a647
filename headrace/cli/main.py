"""The `headrace` command line."""

import sys

import click

from headrace.cli.gc import gc
from headrace.cli.lineage import lineage
from headrace.cli.mistyped import mistyped
from headrace.cli.new import new
from headrace.cli.plan import plan
from headrace.cli.run import run
from headrace.cli.runs import runs
from headrace.cli.server import server
from headrace.cli.show import show
from headrace.cli.upgrade import upgrade
from headrace.errors import RunCanceledError, UserError, reported
from headrace.project import mistyped_variables, working_folder


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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
        try:
            working_folder()
            for note in mistyped_variables():
                click.echo(f"note: {note}", err=True)
            sys.exit(commands(standalone_mode=False))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.UsageError as error:
            raise mistyped(error, commands) from error
        except click.ClickException as error:
            raise UserError(error.format_message()) from error
        except click.Abort as error:
            raise RunCanceledError("stopped") from error
