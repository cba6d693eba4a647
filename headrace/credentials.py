"""Addresses without what logs in there: more people read what is recorded and shown than may log in."""

import re

_KEEPS_USER = ("ssh", "git+ssh", "ssh+git")  # there the user is a part of the place, such as git@, and no secret
# Before the scheme, git may name a helper.
_URL = re.compile(r"^((?:[\w-]+::)?[a-z][a-z0-9+.-]*)://(.*)$", re.IGNORECASE | re.DOTALL)
_SCP = re.compile(r"^([^/]*)@([^/@:]+|\[[^\]]*\]):(.*)$", re.DOTALL)  # user@host:path
_PORT = re.compile(r"(?:[^:]*|\[[^\]]*\])(?::\d*)?")  # all that may stand in a place before its path
_COMMAND = "ext::"  # as git has it


def without_credentials(address: str) -> str:
    """A URL, or another of git's forms of a remote, without its user, password, query and fragment.

    The user of a place that is reached by ssh stays. What is neither, as a path of this machine, stays as it is.
    Nothing is left of a remote that is a command, for anything may stand in it.
    """
    if address.lower().startswith(_COMMAND):
        return ""
    if found := _URL.match(address):
        scheme, rest = found.groups()
        login, place = _split(rest)
        user = login.partition(":")[0] if scheme.rpartition("::")[2].lower() in _KEEPS_USER else ""
        return f"{scheme}://{user}{'@' if user else ''}{place}"
    if found := _SCP.match(address):
        login, host, path = found.groups()
        return f"{login.partition(':')[0]}@{host}:{path}"
    return address


def hidden_in(text: str, *addresses: str) -> str:
    """A text of others, such as a server's answer, without what logs in at some URLs and without their queries."""
    secrets: set[str] = set()
    for address in addresses:
        found = _URL.match(address)
        login = _split(found[2])[0] if found else ""
        secrets |= {login, login.partition(":")[2], address.partition("?")[2]}
    for secret in sorted(secrets - {""}, key=len, reverse=True):  # one may hold another
        text = text.replace(secret, "...")
    return text


def _split(rest: str) -> tuple[str, str]:
    """What logs in, and the host and path, of what follows `://`."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    login, _, host = authority.rpartition("@")
    if not _PORT.fullmatch(host):  # it is a part of a password that has one of these characters
        login, _, after = rest.rpartition("@")
    else:
        after = rest[len(login) + 1 :] if login or authority.startswith("@") else rest
    return login, re.split(r"[?#]", after, maxsplit=1)[0]
