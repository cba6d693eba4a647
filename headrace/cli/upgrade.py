"""`headrace upgrade`: a metadata store of an older ML Metadata is made one of this."""

from pathlib import Path

import click


@click.command()
@click.argument("store", type=click.Path(path_type=Path))
def upgrade(store: Path) -> None:
    """Upgrade the metadata store in the SQLite file STORE to the schema of the ML Metadata that is installed.

    A copy is upgraded, and takes the name of STORE when all is in it; the old file is kept beside it. An environment
    with an older ML Metadata can read the old file only.
    """
    from headrace.metadata.upgrading import upgrade as upgrade_store

    done = upgrade_store(store)
    if done is None:
        click.echo(f"{store} needs no upgrade")
    else:
        click.echo(f"{store} has schema {done.now} now; as it was, with schema {done.before}, it is {done.old}")
