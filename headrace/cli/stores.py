"""Which metadata stores a command looks at."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headrace.errors import MetadataStoreError

if TYPE_CHECKING:
    from headrace.metadata import MetadataStore
    from headrace.metadata.stores import Stores
    from headrace.settings import Settings

metadata_option = click.option(
    "--metadata",
    metavar="PATH_OR_URL",
    help="The metadata store to look at; without it, all that the project's runs used.",
)


def opened(metadata: str | None) -> "tuple[Settings, Stores]":
    """The settings, and the stores to look at; none only while the first run is about to make one.

    Says which stores were left out, and which runs have died since anybody looked.

    Args:
        metadata: the path or the URL of the only one to look at.

    Raises:
        MetadataStoreError: it, or the project's own, cannot be opened, or nothing is recorded yet.
    """
    from headrace.metadata.stores import Stores
    from headrace.orchestration.run_lock import live_runs
    from headrace.settings import Settings

    settings = Settings.load()
    try:
        stores = Stores.named(metadata, settings) if metadata else Stores.of_project(settings)
    except MetadataStoreError:
        is_there = metadata or settings.metadata or settings.metadata_path.exists()
        if is_there or not live_runs(settings):
            raise
        return settings, Stores(())
    for note in stores.notes:
        click.echo(f"note: {note}", err=True)
    for store in stores.opened:
        _record_deaths(settings, store)
    return settings, stores


def _record_deaths(settings: "Settings", store: "MetadataStore") -> None:
    from headrace.orchestration.run_lock import reconcile

    places = [settings.home / "logs", *([Path(store.address)] if store.address.startswith(os.sep) else [])]
    if all(os.access(place, os.W_OK) for place in places):  # else whoever may write does it
        for died in reconcile(settings, store):
            click.echo(f"note: {died}", err=True)
