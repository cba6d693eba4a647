"""All stores that the runs of a project used, opened to be read; or the one that is named."""

import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_metadata.proto import metadata_store_pb2 as mlmd

from headrace.errors import MetadataStoreError, UserError
from headrace.metadata.address import address_of
from headrace.metadata.connecting import named_config, project_config, sqlite_config
from headrace.metadata.known_stores import FOLDER, forget, known_stores
from headrace.metadata.records import Run
from headrace.metadata.server import Server, with_known_password
from headrace.metadata.sqlite_file import is_sqlite_url
from headrace.metadata.store import MetadataStore
from headrace.settings import FILE_NAME, Settings
from headrace.typed_command import headrace_command

_VARIABLE = "HEADRACE_METADATA"
_SHOWN = 3  # stores in a note
_WHERE_IT_LOOKS = "the folder in which a command is typed decides where it looks, or HEADRACE_HOME"


@dataclass(frozen=True)
class Stores:
    """Some stores, the project's own first, and what is to be said of others."""

    opened: tuple[MetadataStore, ...]
    notes: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()  # the addresses of those that are there, and cannot be opened

    @classmethod
    def named(cls, name: str, settings: Settings | None = None) -> "Stores":
        """The one that a path or a URL names.

        Args:
            name: the path or the URL, which may lack the password where a setting has it.
            settings: of the project; not needed for a file.

        Raises:
            MetadataStoreError: there is none, or it cannot be opened.
        """
        config = with_known_password(named_config(name), _server_of(settings) if settings else None)
        return cls((MetadataStore.of_config(config),))

    @classmethod
    def of_project(cls, settings: Settings) -> "Stores":
        """All that the runs of a project used; only the one that HEADRACE_METADATA names, where that is a file.

        A store that is not there any more is left out with a note, and forgotten, so that it is said once; one that
        cannot be opened is left out with a note; but not the project's own.

        Raises:
            MetadataStoreError: the project's own cannot be opened, or there is none at all.
        """
        own = project_config(settings)
        if is_sqlite_url(os.environ.get(_VARIABLE, "")):
            return cls((MetadataStore.of_config(own),))
        return _there(cls.every(settings), own, settings.home)

    @classmethod
    def every(cls, settings: Settings) -> "Stores":
        """All that the runs of a project used, whatever HEADRACE_METADATA names; there may be none yet.

        Raises:
            MetadataStoreError: the project's own cannot be opened.
        """
        return _all(settings.home, project_config(settings), _server_of(settings))

    @classmethod
    def of_home(cls, home: Path) -> "Stores":
        """All that the runs of a home used, as far as they can be opened without a password.

        Raises:
            MetadataStoreError: there is none, or that of the home cannot be opened.
        """
        own = sqlite_config(home / FILE_NAME)
        return _there(_all(home, own, None), own, home)

    def runs(self, pipeline: str | None = None) -> list[tuple[MetadataStore, Run]]:
        """The runs of a pipeline, or of all, in all stores, the newest first."""
        return newest_first([(store, store.runs(pipeline)) for store in self.opened])


def newest_first(by_store: Iterable[tuple[MetadataStore, Sequence[Run]]]) -> list[tuple[MetadataStore, Run]]:
    """The runs of several stores, each of which has its newest first.

    Within a store their order stays, for ids tell it; clocks tell it only between stores.
    """
    left = [(store, list(runs)) for store, runs in by_store if runs]
    found = []
    while left:
        store, runs = max(left, key=lambda one: one[1][0].started)
        found.append((store, runs.pop(0)))
        left = [one for one in left if one[1]]
    return found


def in_several_stores(what: str, found: Sequence[tuple[MetadataStore, str]]) -> UserError:
    """An error for what has a name that several stores know.

    Args:
        what: it is: "artifact 12".
        found: the stores, and what each has under that name: "Model of taxi".
    """
    where = "; ".join(f"{description} in {store.address}" for store, description in found)
    return UserError(
        f"{what} is in {len(found)} metadata stores: which one is meant?",
        why=where,
        next_step="\n        ".join(naming(store.address) for store, _ in found),
    )


def naming(address: str) -> str:
    """What to type to ask one store the same."""
    command = headrace_command()
    return f"{command} --metadata {shlex.quote(address)}" if command else f"Lineage({address!r})"


def _all(home: Path, own: mlmd.ConnectionConfig, server: Server | None) -> Stores:
    """All stores of a home.

    Args:
        home: that has notes of them.
        own: the store of the project.
        server: that is, where it is on one, with its password.
    """
    opened: dict[str, MetadataStore] = {}
    notes: list[str] = []
    if not _is_missing(own):
        opened[address_of(own)] = MetadataStore.of_config(own)
    of_home = sqlite_config(home / FILE_NAME)  # may be of the time before the project had another
    others = [] if _is_missing(of_home) else [address_of(of_home)]
    others += [one.address for one in known_stores(home)]
    vanished: list[str] = []
    refused: list[str] = []
    for address in dict.fromkeys(others):
        config = with_known_password(named_config(address), server)
        if address in opened or address == address_of(own):
            continue
        if _is_missing(config):
            vanished.append(address)
            continue
        try:
            opened[address] = MetadataStore.of_config(config)
        except MetadataStoreError as error:
            refused.append(address)
            notes.append(f"{address} is left out: {error.what}{': ' if error.why else ''}{error.why}")
    if vanished:
        notes.append(_of_vanished(vanished))
        for address in vanished:
            forget(home, address)
    return Stores(tuple(opened.values()), tuple(notes), tuple(refused))


def _is_missing(config: mlmd.ConnectionConfig) -> bool:
    file = config.sqlite.filename_uri
    return bool(file) and not Path(file).exists()


def _server_of(settings: Settings) -> Server | None:
    url = settings.metadata.get_secret_value() if settings.metadata else ""
    return Server.read(url) if url and not is_sqlite_url(url) else None


def _of_vanished(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _SHOWN} more" if len(addresses) > _SHOWN else ""
    names = f"{', '.join(addresses[:_SHOWN])}{more}"
    verb = "is" if len(addresses) == 1 else "are"
    return f"{names} {verb} left out, and forgotten: no such file any more"


def _there(stores: Stores, own: mlmd.ConnectionConfig, home: Path) -> Stores:
    """The stores, if there is any.

    Raises:
        MetadataStoreError: there is none, or none that can be opened.
    """
    if stores.opened:
        return stores
    what = "no metadata store can be opened" if stores.closed else "nothing is recorded yet: there is no metadata store"
    next_step = f"ls {home / FOLDER}" if stores.closed else "headrace run NAME"
    why = stores.notes if stores.closed else (*stores.notes, _WHERE_IT_LOOKS)
    raise MetadataStoreError(what, where=address_of(own), why="; ".join(why), next_step=next_step)
