"""Tells which commands would remove, move or overwrite files, as far as their words say so.

What a script or another program does once it has begun is not to be seen from here.
"""

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

_TOOLS = frozenset({"rm", "rmdir", "unlink", "mv", "shred", "srm", "truncate", "wipe"})
_VERBS = frozenset({"rm", "-rm", "mv", "clean", "delete", "prune", "remove", "reset", "restore", "uninstall"})
_VERB_AT = slice(1, 4)  # git -C FOLDER clean, aws s3 rm
_OPTIONS = ("--delete", "--remove-source-files", "of=")  # of rsync and dd
_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh"})
_PREFIXES = frozenset(
    {"busybox", "command", "env", "exec", "ionice", "nice", "nohup", "setsid", "sudo", "time", "timeout"}
)
_KEYWORDS = frozenset({"{", "!", "if", "then", "else", "elif", "do", "while", "until"})
_NO_COMMAND = re.compile(r"-.*|\w+=.*|[\d.]+[smhd]?")  # between a prefix and its command: options, FOO=1, 10s
_ANY_TOOL = re.compile(rf"\b({'|'.join(sorted(_TOOLS))})\b")


def is_destructive(command: str | Sequence[str]) -> bool:
    """Whether a command would remove, move or overwrite files.

    Args:
        command: a list of words, or a line for a shell.
    """
    if isinstance(command, str):
        return any(_destroys(words) for words in _commands(command))
    return _destroys(list(command))


def _destroys(words: list[str]) -> bool:
    words = _without_prefixes(words)
    if not words:
        return False
    tool = os.path.basename(words[0])
    if tool in _SHELLS:
        scripts = [after for option, after in pairwise(words) if re.fullmatch("-[a-z]*c", option)]
        return any(map(is_destructive, scripts[:1]))
    if tool == "find":
        return "-delete" in words or any(is_destructive(words[at + 1 :]) for at in _positions(words, "-exec"))
    if tool == "xargs":
        return not _TOOLS.isdisjoint(words)
    return tool in _TOOLS or not _VERBS.isdisjoint(words[_VERB_AT]) or any(map(_is_option, words))


def _without_prefixes(words: list[str]) -> list[str]:
    has_prefix = True  # a line may begin with FOO=1
    while words and ((has_prefix and _NO_COMMAND.fullmatch(words[0])) or words[0] in _KEYWORDS | _PREFIXES):
        has_prefix, words = True, words[1:]
    return words


def _positions(words: Sequence[str], option: str) -> Iterator[int]:
    """Where an option stands, or one that begins with it: -exec, -execdir."""
    return (at for at, word in enumerate(words) if word.startswith(option))


def _is_option(word: str) -> bool:
    return word.startswith(_OPTIONS)


def _commands(line: str) -> Iterator[list[str]]:
    """The commands of a shell's line; one that overwrites a file is told as `truncate`."""
    lexer = shlex.shlex(re.sub("[`\n]", " ; ", line), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError:  # a here-document, an apostrophe in it
        tokens = ["rm"] if _ANY_TOOL.search(line) else []
    command: list[str] = []
    for token, after in zip(tokens, [*tokens[1:], ""], strict=False):
        if ">" in token and ">>" not in token and os.path.isfile(after):
            yield ["truncate", after]
        if set(token) <= set(lexer.punctuation_chars) and not set(token) <= set("<>"):
            yield command
            command = []
        else:
            command.append(token)
    yield command
