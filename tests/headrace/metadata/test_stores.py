"""All stores of a project: which are looked at, which are left out, and how their runs are put in order."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from headrace.errors import MetadataStoreError
from headrace.metadata import MetadataStore
from headrace.metadata.known_stores import remember
from headrace.metadata.store import project_config, sqlite_config
from headrace.metadata.stores import Stores
from headrace.settings import Settings
from tests.database_servers import PASSWORD, DatabaseServer
from tests.headrace.recording import record_run


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADRACE_METADATA", raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home")
    settings.make_home()
    return settings


def record(path: Path, pipeline: str, *runs: str) -> str:
    """Records runs in a store; returns its address."""
    store = MetadataStore.connect(sqlite_config(path))
    for run in runs:
        record_run(store, pipeline, run)
    return store.address


def of_runs(stores: Stores) -> list[tuple[str, str]]:
    return [(run.pipeline, run.id) for _, run in stores.runs()]


def test_the_runs_of_all_stores_are_listed_the_newest_first(settings: Settings, tmp_path: Path) -> None:
    record(settings.metadata_path, "taxi", "1")
    remember(settings.home, record(tmp_path / "penguin.db", "penguin", "2"))
    record(settings.metadata_path, "taxi", "3")
    stores = Stores.of_project(settings)
    assert of_runs(stores) == [("taxi", "3"), ("penguin", "2"), ("taxi", "1")]
    assert [run.id for _, run in stores.runs("penguin")] == ["2"]
    assert stores.notes == ()


def test_a_store_of_which_only_a_run_tells_is_looked_at_where_the_project_has_none(
    settings: Settings, tmp_path: Path
) -> None:
    remember(settings.home, record(tmp_path / "penguin.db", "penguin", "1"))
    assert of_runs(Stores.of_project(settings)) == [("penguin", "1")]
    assert of_runs(Stores.of_home(settings.home)) == [("penguin", "1")]
    assert not settings.metadata_path.exists()


def test_within_a_store_the_order_is_that_of_ids_whatever_a_clock_said(settings: Settings, tmp_path: Path) -> None:
    record(settings.metadata_path, "taxi", "1", "2")
    remember(settings.home, record(tmp_path / "penguin.db", "penguin", "3"))
    with closing(sqlite3.connect(settings.metadata_path)) as connection, connection:
        connection.execute("UPDATE Context SET create_time_since_epoch = 1000 WHERE name = '2'")
    assert of_runs(Stores.of_project(settings)) == [("penguin", "3"), ("taxi", "2"), ("taxi", "1")]


def test_stores_that_vanished_are_left_out_with_one_note(settings: Settings, tmp_path: Path) -> None:
    record(settings.metadata_path, "taxi", "1")
    for number in range(5):
        remember(settings.home, record(tmp_path / f"{number}.db", "gone", "1"))
        (tmp_path / f"{number}.db").unlink()
    stores = Stores.of_project(settings)
    assert of_runs(stores) == [("taxi", "1")]
    [note] = stores.notes
    assert f"{tmp_path / '0.db'}, " in note
    assert "and 2 more are left out, and forgotten: no such file any more" in note
    assert Stores.of_project(settings).notes == ()


def test_a_store_that_cannot_be_opened_is_left_out_but_not_the_projects_own(settings: Settings, tmp_path: Path) -> None:
    record(settings.metadata_path, "taxi", "1")
    broken = tmp_path / "broken.db"
    remember(settings.home, record(broken, "penguin", "1"))
    broken.write_bytes(b"no database " * 1000)
    stores = Stores.of_project(settings)
    assert of_runs(stores) == [("taxi", "1")]
    [note] = stores.notes
    assert note.startswith(f"{broken} is left out: ")
    settings.metadata_path.write_bytes(b"no database " * 1000)
    with pytest.raises(MetadataStoreError, match="cannot be opened"):
        Stores.of_project(settings)


def test_nothing_is_recorded_where_every_store_is_gone(settings: Settings, tmp_path: Path) -> None:
    remember(settings.home, str(tmp_path / "gone.db"))
    with pytest.raises(MetadataStoreError, match="nothing is recorded yet") as raised:
        Stores.of_project(settings)
    assert "gone.db is left out" in raised.value.why
    assert raised.value.why.endswith("decides where it looks, or HEADRACE_HOME")


def test_a_file_that_the_environment_names_is_the_only_store(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(settings.metadata_path, "taxi", "1")
    url = f"sqlite:///{record(tmp_path / 'penguin.db', 'penguin', '2')}"
    named = settings.model_copy(update={"metadata": SecretStr(url)})
    assert of_runs(Stores.of_project(named)) == [("penguin", "2"), ("taxi", "1")]  # in the project's file, one more
    monkeypatch.setenv("HEADRACE_METADATA", url)
    assert of_runs(Stores.of_project(named)) == [("penguin", "2")]


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_one_store_is_named_by_its_path_or_url(tmp_path: Path, form: str) -> None:
    path = record(tmp_path / "a b.db", "penguin", "2")
    assert of_runs(Stores.named(form.format(path))) == [("penguin", "2")]
    with pytest.raises(MetadataStoreError, match="there is no metadata store"):
        Stores.named(form.format(f"{path}x"))


@pytest.fixture
def database(database_server: DatabaseServer) -> Iterator[str]:
    with database_server.database("known") as url:
        yield url


def test_a_server_that_runs_used_is_asked_with_the_password_of_the_setting_or_of_its_client(
    database: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_server = settings.model_copy(update={"metadata": SecretStr(database)})
    store = MetadataStore.connect(sqlite_config(settings.metadata_path))
    record_run(store, "taxi", "1")
    server = MetadataStore.connect(project_config(with_server))
    record_run(server, "penguin", "2")
    remember(settings.home, server.address)
    assert PASSWORD not in server.address
    assert of_runs(Stores.of_project(with_server)) == [("penguin", "2"), ("taxi", "1")]
    assert of_runs(Stores.named(server.address, with_server)) == [("penguin", "2")]
    without = Stores.of_project(settings)
    assert of_runs(without) == [("taxi", "1")]
    assert without.notes[0].startswith(f"{server.address} is left out: ")
    monkeypatch.setenv("PGPASSWORD" if database.startswith("postgresql") else "MYSQL_PWD", PASSWORD)
    assert of_runs(Stores.of_project(settings)) == [("penguin", "2"), ("taxi", "1")]
