"""The entry point of the `headrace` command: Ctrl-C is no traceback from the first import on."""

import sys

_INTERRUPTED = 130  # as a shell has it


def main() -> None:
    """Runs the command line."""
    try:
        from headrace.cli.main import main as run
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    run()
