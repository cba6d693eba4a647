"""What click says of a mistyped line, in the words of all other errors."""

import sys
from difflib import SequenceMatcher

import click

from headrace.errors import HeadraceError, UnknownNameError, UserError, nearest, typed

_REST = "--"
_ALIKE = 0.8  # from here on an option is mistyped, and not one of the file's own


def mistyped(error: click.UsageError, commands: click.Group) -> HeadraceError:
    """The error that says what is wrong with a line.

    Args:
        error: click's.
        commands: all there are.
    """
    path, command = _asked(error, commands)
    next_step = f"{path} --help"
    if isinstance(error, click.NoSuchCommand):
        names = list(command.commands) if isinstance(command, click.Group) else []
        return UnknownNameError.among("command", error.command_name, names, next_step=next_step)
    if isinstance(error, click.NoSuchOption):
        return _unknown_option(error.option_name, command, commands, next_step)
    message = error.format_message().strip().removesuffix(".")
    return UserError(message[:1].lower() + message[1:], where=path, next_step=next_step)


def _asked(error: click.UsageError, commands: click.Group) -> tuple[str, click.Command]:
    """The command that was asked for, as it is typed and as click has it, which does not always say."""
    if error.ctx:
        return error.ctx.command_path, error.ctx.command
    path, command = ["headrace"], commands
    for word in sys.argv[1:]:
        if not isinstance(command, click.Group) or word not in command.commands:
            break
        path.append(word)
        command = command.commands[word]  # type: ignore[assignment]
    return " ".join(path), command


def _unknown_option(option: str, command: click.Command, commands: click.Group, next_step: str) -> HeadraceError:
    own = [*_options(command), "--help"]
    near = nearest(option, own)
    is_near = SequenceMatcher(None, option, near).ratio() >= _ALIKE
    files_own = "" if is_near else _with_dashes(option, command)
    if files_own:
        why = "it is none of headrace's; those of the file itself come after --"
        return UnknownNameError(f"there is no option {option!r}", why=why, next_step=files_own)
    others = [name for name, one in commands.commands.items() if option in _options(one)]
    if others and option != near:
        why = f"it is an option of {' and '.join(f'`headrace {name}`' for name in others)}"
        return UnknownNameError(f"there is no option {option!r}", why=why, next_step=next_step)
    return UnknownNameError.among("option", option, own, next_step=next_step)


def _options(command: click.Command) -> list[str]:
    return [name for one in command.params for name in one.opts if name.startswith(_REST)]


def _with_dashes(option: str, command: click.Command) -> str:
    """The line with what may be for the file itself behind dashes; empty where it is none of a file's."""
    words = sys.argv[1:]
    files = [word for word in words if word.endswith(".py")]
    at = next((place for place, word in enumerate(words) if word.partition("=")[0] == option), None)
    if command.name not in ("run", "plan") or not files or at is None or _REST in words:
        return ""
    before, after = words[:at], words[at:]
    if files[0] in after:
        after.remove(files[0])
        before.append(files[0])
    return typed("headrace", *before, _REST, *after)
