import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from pydantic import SecretStr

from headrace.errors import MetadataStoreError
from headrace.metadata import MetadataStore
from headrace.metadata.server import Server
from headrace.settings import Settings
from tests.database_servers import KINDS, PASSWORD, DatabaseServer, NotInstalledError, running

SECRET = "chalk-and-cheese"


def refused(url: str) -> MetadataStoreError:
    """Why a store cannot be opened; it never says the password."""
    with pytest.raises(MetadataStoreError) as raised:
        MetadataStore.of_project(Settings(metadata=SecretStr(url)))
    assert SECRET not in str(raised.value)
    assert PASSWORD not in str(raised.value)
    assert raised.value.exit_code == 2
    return raised.value


def test_a_url_is_taken_apart_and_shown_without_its_password() -> None:
    server = Server.read("postgresql://an%40n:a%2Fb%40c@db.example:6000/metadata")
    assert server == Server("postgresql", "db.example", 6000, "an@n", "a/b@c", "metadata")
    assert str(server) == "postgresql://an%40n@db.example:6000/metadata"
    assert "a/b@c" not in repr(server)


@pytest.mark.parametrize(("kind", "port"), [("postgresql", 5432), ("mysql", 3306)])
def test_a_url_without_a_port_means_the_usual_one(kind: str, port: int) -> None:
    assert Server.read(f"{kind}://ann:secret@db/metadata").port == port


def test_localhost_is_a_host_as_it_is_everywhere_else() -> None:
    assert Server.read("mysql://ann@localhost/metadata").config().mysql.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"oracle:///{SECRET}", "begins neither with"),
        (SECRET, "begins neither with"),
        (f"mysql://ann:{SECRET}@/metadata", "names no host"),
        ("mysql://db/metadata", "names no user"),
        (f"mysql://ann:{SECRET}@db", "names no database"),
        (f"mysql://ann:{SECRET}@db/metadata/more", "after the database"),
        (f"mysql://ann:{SECRET}@db/metadata?ssl=1", "after the database"),
        (f"mysql://ann:a#{SECRET}@db/metadata", "%-encoded"),
        (f"mysql://ann:{SECRET}/a@db/metadata", "%-encoded"),
        (f"mysql://ann:[{SECRET}@db/metadata", "%-encoded"),
    ],
)
def test_a_url_that_cannot_be_read_says_why_and_what_one_looks_like(url: str, why: str) -> None:
    error = refused(url)
    assert why in error.why
    assert "HEADRACE_METADATA" in error.where
    assert "postgresql://user:password@host:port/database" in error.next_step


def test_a_server_that_does_not_answer_is_named(database_server: DatabaseServer) -> None:
    error = refused(database_server.url("metadata", SECRET, port=1))
    assert error.what == "the server of the metadata store does not answer"
    assert error.next_step.startswith("start it, or correct the address")
    assert error.where == f"{database_server.kind}://headrace@127.0.0.1:1/metadata"
    assert error.why == "Connection refused"


def test_a_database_that_does_not_exist_is_not_made(database_server: DatabaseServer) -> None:
    for _ in range(2):
        error = refused(database_server.url("missing"))
        assert error.what == "the database of the metadata store does not exist"
        assert "CREATE DATABASE missing" in error.next_step


def test_a_wrong_password_is_told_from_a_missing_database(database_server: DatabaseServer) -> None:
    error = refused(database_server.url("missing", SECRET))
    assert error.what == "the metadata store cannot be opened"
    assert "password" in error.why


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_goes_away_is_named(kind: str) -> None:
    try:
        with running(kind) as server, server.database("lost") as url:
            store = MetadataStore.of_project(Settings(metadata=SecretStr(url)))
            assert store.runs() == []
    except NotInstalledError as error:
        pytest.skip(str(error))
    with pytest.raises(MetadataStoreError) as raised:
        store.runs()
    assert raised.value.where == f"{kind}://headrace@127.0.0.1:{server.port}/lost"
    assert "does not answer any more" in raised.value.what


def test_opening_a_store_prints_nothing(database_server: DatabaseServer, capfd: pytest.CaptureFixture[str]) -> None:
    with database_server.database("quiet") as url:
        assert MetadataStore.of_project(Settings(metadata=SecretStr(url))).runs() == []
    assert capfd.readouterr() == ("", "")


def test_a_configuration_of_a_pipelines_own_is_told_of_without_its_password() -> None:
    own = mlmd.PostgreSQLDatabaseConfig(host="127.0.0.1", port="1", user="ann", password=f"a {SECRET}", dbname="own")
    with pytest.raises(MetadataStoreError) as raised:
        MetadataStore.connect(mlmd.ConnectionConfig(postgresql=own))
    assert raised.value.where == "postgresql://ann@127.0.0.1:1/own"
    assert SECRET not in str(raised.value)


def test_a_configuration_that_postgresqls_client_cannot_read_does_not_show_its_password(
    postgresql: DatabaseServer, capfd: pytest.CaptureFixture[str]
) -> None:
    # It prints what it cannot read, and ML Metadata writes a password into it as it is.
    own = mlmd.PostgreSQLDatabaseConfig(
        host="127.0.0.1", port=str(postgresql.port), user="ann", password=f"a {SECRET}", dbname="own"
    )
    with pytest.raises(MetadataStoreError) as raised:
        MetadataStore.connect(mlmd.ConnectionConfig(postgresql=own))
    assert SECRET not in "".join([str(raised.value), *capfd.readouterr()])
