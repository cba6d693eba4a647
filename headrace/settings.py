"""Where things live: as the caller says, else HEADRACE_* in the environment, else [tool.headrace] in pyproject.toml."""

import hashlib
import os
import re
import shlex
import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as SourceError

from headrace.errors import HomeError, SettingsError, nearest
from headrace.project import PROJECT_FILE, project_root

# What the value of a setting must be, where its type alone would say that in a programmer's words.
_WANTED = {
    "max_parallel": "it is a whole number, 1 or more",
    "keep_runs": "it is a whole number, 1 or more",
    "server": "it is true or false",
}
_EMPTY = "empty"  # how an error of an empty value is told from others
FILE_NAME = "metadata.sqlite"  # of a home's metadata store
ORCHESTRATOR_LOG = "orchestrator.log"  # among the logs of a run: what is logged outside executors
_UNSAFE = re.compile(r"^\.|[/%\x00-\x1f\x7f]")  # in the name of a file: what hides it, leads elsewhere, or is no text
_LONGEST = 200  # bytes: file systems take 255, and there is a suffix to come


def file_name(name: str) -> str:
    """A file's or folder's name for the name of a pipeline, a run or a node: the name itself, where that will do.

    Others are percent-encoded, and shortened where they are too long. No two names get the same.
    """
    encoded = _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", name)
    if encoded and len(encoded.encode(errors="surrogatepass")) <= _LONGEST:
        return encoded
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{encoded[: _LONGEST // 4 - len(digest)]}%{digest}"


def node_log_name(node: str) -> str:
    """The name of a node's log among those of a run; another one than the orchestrator's, whatever the node's id."""
    name = f"{file_name(node)}.log"
    return name if name != ORCHESTRATOR_LOG else f"%{ord(name[0]):02X}{name[1:]}"


class Settings(BaseSettings):
    """What a project may set; `Settings.load()` reads it.

    An argument of the constructor wins over the environment, and that over the project's file, which only `load` reads:
    `Settings(home=place)` is that place, whatever is exported.
    """

    model_config = SettingsConfigDict(env_prefix="HEADRACE_", frozen=True, extra="forbid")

    home: Path = Path(".headrace")  # relative to the project's root
    metadata: SecretStr | None = None  # the URL of the metadata store; None for a SQLite file in the home
    max_parallel: int | None = Field(default=None, ge=1)  # nodes at once; None for as many as keep the cores busy
    server: bool = True  # a warm server that outlives a run, for the runs to come
    keep_runs: int = Field(default=5, ge=1)  # of each pipeline: the newest, whose outputs the clean-up keeps
    beam_pipeline_args: Annotated[tuple[str, ...], NoDecode] = ()  # put before a pipeline's own

    @field_validator("beam_pipeline_args", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        return shlex.split(value) if isinstance(value, str) else value  # in the environment: words, as in a shell

    @field_validator("home", "metadata", mode="before")
    @classmethod
    def _not_empty(cls, value: object) -> object:
        # An empty path would be the project's root, and an empty URL a store that nobody asked for.
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str) and not text.strip():
            raise PydanticCustomError(_EMPTY, "a variable that was never filled in would mean another place")
        return value

    @classmethod
    def load(cls, start: Path | None = None) -> Self:
        """The settings of the project around `start`, the working folder if none is given.

        Raises:
            SettingsError: a value is of the wrong kind; says which, and where it can be set.
        """
        root = project_root(start)
        try:
            settings = cls(**{**_project_table(root / PROJECT_FILE), **EnvSettingsSource(cls)()})
            home = root / settings.home.expanduser()
        except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError, SourceError, RuntimeError) as error:
            raise _explained(error, root / PROJECT_FILE) from error
        return settings.model_copy(update={"home": home, "metadata": _from_root(settings.metadata, root)})

    @property
    def metadata_path(self) -> Path:
        """The SQLite file that holds the metadata of all the project's pipelines, where no server does."""
        return self.home / FILE_NAME

    def pipeline_root(self, pipeline: str) -> Path:
        """The folder of a pipeline's artifacts."""
        return self.home / "pipelines" / file_name(pipeline)

    def serving_root(self, pipeline: str) -> Path:
        """The folder a pipeline pushes its models to, a new one below it each time."""
        return self.home / "serving" / file_name(pipeline)

    def card_folder(self, model: int) -> Path:
        """The folder of a model's card that is made by a command."""
        return self.home / "cards" / str(model)

    def log_folder(self, pipeline: str, run_id: str) -> Path:
        """The folder of a run's logs, one file a node."""
        return self.home / "logs" / file_name(pipeline) / file_name(run_id)

    @property
    def pages(self) -> Path:
        """The folder of lineage pages."""
        return self.home / "pages"

    def make_home(self) -> None:
        """Makes the home folder where it is missing.

        Raises:
            HomeError: it cannot be made or written.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            if not os.access(self.home, os.W_OK | os.X_OK):
                raise PermissionError("no permission to write there")
        except OSError as error:
            raise HomeError(
                "the home folder cannot be written",
                where=str(self.home),
                why=error.strerror or str(error),
                next_step="export HEADRACE_HOME=/a/folder/you/can/write",
            ) from error


def _from_root(url: SecretStr | None, root: Path) -> SecretStr | None:
    """The URL of a SQLite file below the project's root, where it was relative to that."""
    scheme, separator, path = (url.get_secret_value() if url else "").partition(":///")
    return SecretStr(f"{scheme}:///{root / path}") if path and scheme.lower() == "sqlite" and separator else url


def _project_table(project_file: Path) -> dict[str, Any]:
    if not project_file.is_file():
        return {}
    table = tomllib.loads(project_file.read_text(encoding="utf-8"))
    for name in ("tool", "headrace"):
        table = table.get(name, {})
        if not isinstance(table, dict):
            raise SourceError(f"{name} is not a table")
    return table


def _explained(error: Exception, project_file: Path) -> SettingsError:
    if not isinstance(error, ValidationError):
        where = f"HEADRACE_* in the environment{_or_in(project_file)}"
        next_step = f"correct {project_file}" if project_file.is_file() else "env | grep HEADRACE_"
        return SettingsError("the settings cannot be read", where=where, why=str(error), next_step=next_step)
    first = error.errors()[0]
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        near = nearest(name, Settings.model_fields)
        why = f"did you mean {near!r}?" if near else f"known: {', '.join(Settings.model_fields)}"
        correct = f"correct [tool.headrace] in {project_file}"
        return SettingsError(f"there is no setting {name!r}", where=str(project_file), why=why, next_step=correct)
    variable = f"HEADRACE_{name.upper()}"
    where = f"{variable} in the environment{_or_in(project_file)}"
    if first["type"] == _EMPTY:
        return SettingsError(
            f"the setting {name!r} is empty", where=where, why=first["msg"], next_step=f"unset {variable}"
        )
    value = "what it is" if name == "metadata" else repr(first["input"])  # there may be a password in it
    return SettingsError(
        f"the setting {name!r} cannot be {value}",
        where=where,
        why=_WANTED.get(name) or first["msg"].removeprefix("Value error, "),
        next_step=f"unset {variable}" if variable in os.environ else f"correct {name} in {project_file}",
    )


def _or_in(project_file: Path) -> str:
    return f", or [tool.headrace] in {project_file}" if project_file.is_file() else ""
