"""Debian's PostgreSQL and MariaDB, started on loopback, each with its data in a folder of its own that ends with it."""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

HOST, USER = "127.0.0.1", "headrace"
PASSWORD = r"p@ss '\ w:/rd"  # whatever has a meaning in a URL or to a database's client
KINDS = ("mysql", "postgresql")
_START_SECONDS = 120


class NotInstalledError(Exception):
    """The server's programs are not on this machine."""


@dataclass(frozen=True)
class DatabaseServer:
    """A server that runs."""

    kind: str  # "mysql" or "postgresql", as in a URL
    port: int
    client: tuple[str, ...]  # its own client, to which a statement is added
    environment: Mapping[str, str]
    end: signal.Signals  # ends it at once

    def url(self, database: str, password: str = PASSWORD, port: int | None = None) -> str:
        """How the setting `metadata` names a database of it."""
        return f"{self.kind}://{USER}:{quote(password, safe='')}@{HOST}:{port or self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Executes a statement, in no database."""
        self.try_to_execute(statement).check_returncode()

    def try_to_execute(self, statement: str) -> "subprocess.CompletedProcess[bytes]":
        """Executes a statement, if the server answers."""
        command = [*self.client, statement]
        return subprocess.run(command, env={**os.environ, **self.environment}, check=False, capture_output=True)

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """The URL of a new and empty database, which is gone afterwards."""
        like = " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" if self.kind == "mysql" else ""
        self.execute(f"CREATE DATABASE {name}{like}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name}{'' if self.kind == 'mysql' else ' WITH (FORCE)'}")


@contextmanager
def running(kind: str) -> Iterator[DatabaseServer]:
    """Runs a server of a kind.

    Raises:
        NotInstalledError: its programs are not there.
    """
    with tempfile.TemporaryDirectory(prefix=f"headrace-{kind}-") as name:
        folder, port = Path(name), _free_port()
        start, server = (_mysql if kind == "mysql" else _postgresql)(folder, port)
        with open(folder / "log", "wb") as log, subprocess.Popen(start, stdout=log, stderr=log) as process:
            try:
                deadline = time.monotonic() + _START_SECONDS
                while server.try_to_execute("SELECT 1").returncode:
                    assert process.poll() is None, (folder / "log").read_text()
                    assert time.monotonic() < deadline, (folder / "log").read_text()
                    time.sleep(0.1)
                yield server
            finally:
                process.send_signal(server.end)  # at once: its data goes too
                process.wait()


def _postgresql(folder: Path, port: int) -> tuple[list[str], DatabaseServer]:
    # Debian keeps the server's programs off the path, for there may be several versions.
    places = [os.environ["PATH"], *sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    initdb, postgres, client = _found("PostgreSQL", "postgresql", places, "initdb", "postgres", "psql")
    (folder / "password").write_text(PASSWORD)
    as_owner, data = _owned_by("postgres", folder), str(folder / "data")
    options = ["--username", USER, f"--pwfile={folder / 'password'}", "--auth=scram-sha-256", "--encoding=UTF8"]
    _prepare([*as_owner, initdb, "--pgdata", data, *options, "--locale=C", "--no-sync"])
    start = [*as_owner, *_with_its_parent("QUIT"), postgres, "-D", data, "-p", str(port), "-h", HOST, "-k", "", "-F"]
    connect = (client, "--no-psqlrc", "-h", HOST, "-p", str(port), "-U", USER, "-d", "postgres", "-c")
    return start, DatabaseServer("postgresql", port, connect, {"PGPASSWORD": PASSWORD}, signal.SIGQUIT)


def _mysql(folder: Path, port: int) -> tuple[list[str], DatabaseServer]:
    places = [os.environ["PATH"], "/usr/sbin"]
    install, server, client = _found("MariaDB", "mariadb-server", places, "mariadb-install-db", "mariadbd", "mariadb")
    written = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
    users = f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{written}';\nGRANT ALL ON *.* TO '{USER}'@'%';\n"
    (folder / "users.sql").write_text(users)
    as_owner, data = _owned_by("mysql", folder), f"--datadir={folder / 'data'}"
    _prepare([*as_owner, install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"])
    start = [
        *as_owner,
        *_with_its_parent("KILL"),
        server,
        "--no-defaults",
        data,
        f"--bind-address={HOST}",
        f"--port={port}",
    ]
    start += [f"--socket={folder / 'socket'}", f"--init-file={folder / 'users.sql'}"]
    start += ["--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0"]
    start += ["--innodb-file-per-table=0", "--skip-sync-frm"]
    connect = (client, "--no-defaults", "-h", HOST, "-P", str(port), "-u", USER, "-e")
    return start, DatabaseServer("mysql", port, connect, {"MYSQL_PWD": PASSWORD}, signal.SIGKILL)


def _found(name: str, package: str, places: Sequence[str], *programs: str) -> list[str]:
    found = [shutil.which(program, path=os.pathsep.join(places)) for program in programs]
    if None in found:
        raise NotInstalledError(f"{name} is not installed: apt-get install {package}")
    return [str(path) for path in found]


def _owned_by(user: str, folder: Path) -> list[str]:
    """What goes before a command so that it runs as the owner of the folder: neither server runs as root."""
    if os.geteuid():
        return []
    account = pwd.getpwnam(user)
    for path in (folder, *folder.iterdir()):
        os.chown(path, account.pw_uid, account.pw_gid)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


def _with_its_parent(signal_name: str) -> list[str]:
    """What goes right before a command so that it ends with this process, even if that is killed."""
    return ["setpriv", f"--pdeathsig={signal_name}", "--"]


def _prepare(command: Sequence[str]) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])
