import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.errors import HomeError, SettingsError
from headrace.settings import ORCHESTRATOR_LOG, Settings, file_name, node_log_name


def project(folder: Path, table: str = "") -> Path:
    (folder / "pyproject.toml").write_text(f"[tool.headrace]\n{table}\n")
    return folder


@pytest.fixture
def unwritable(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() == 0:  # to root, only what the kernel itself refuses is unwritable
        yield Path("/proc/headrace-test")
    else:
        tmp_path.chmod(0o500)
        yield tmp_path / "home"
        tmp_path.chmod(0o700)


def test_without_a_project_the_home_is_in_the_folder_itself(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path)
    assert settings.home == tmp_path / ".headrace"
    assert settings.max_parallel is None
    assert settings.beam_pipeline_args == ()


def test_a_relative_home_is_the_same_from_every_folder_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = project(tmp_path, 'home = "artifacts"') / "pipelines" / "taxi"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert Settings.load().home == Settings.load(tmp_path).home == tmp_path / "artifacts"


def test_a_relative_home_of_the_environment_is_below_the_project_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_HOME", "elsewhere")
    assert Settings.load(project(tmp_path)).home == tmp_path / "elsewhere"


def test_an_absolute_home_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_HOME", "/srv/headrace")
    assert Settings.load(project(tmp_path)).home == Path("/srv/headrace")


def test_the_environment_wins_over_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, 'max_parallel = 3\nbeam_pipeline_args = ["--a=1"]')
    monkeypatch.setenv("HEADRACE_MAX_PARALLEL", "7")
    settings = Settings.load(tmp_path)
    assert settings.max_parallel == 7
    assert settings.beam_pipeline_args == ("--a=1",)


def test_an_argument_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path / "of the user"))
    monkeypatch.setenv("HEADRACE_METADATA", "mysql://ann:secret@db/metadata")
    monkeypatch.setenv("HEADRACE_MAX_PARALLEL", "7")
    settings = Settings(home=tmp_path / "given", metadata=None)
    assert (settings.home, settings.metadata, settings.max_parallel) == (tmp_path / "given", None, 7)


def test_a_list_is_set_in_the_environment_as_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_BEAM_PIPELINE_ARGS", "--a=1 '--b=two words'")
    assert Settings.load(tmp_path).beam_pipeline_args == ("--a=1", "--b=two words")


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ('max_parallel = "many"', "max_parallel"),
        ("max_parallel = 0", "max_parallel"),
        ('beam_pipeline_args = ["--a", 3]', "beam_pipeline_args"),
        ("home = 5", "home"),
        ('hom = "x"', "hom"),
        ("max_paralel = 3", "max_paralel"),
    ],
)
def test_a_bad_value_names_the_setting_and_the_projects_file(tmp_path: Path, table: str, name: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.load(project(tmp_path, table))
    assert repr(name) in raised.value.what
    assert str(tmp_path / "pyproject.toml") in raised.value.where
    assert raised.value.why
    assert raised.value.next_step
    assert "Input should" not in raised.value.why or name in ("home", "beam_pipeline_args")
    assert raised.value.exit_code == 2


def test_a_mistyped_setting_suggests_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.load(project(tmp_path, "max_paralel = 3"))
    assert raised.value.why == "did you mean 'max_parallel'?"


def test_without_a_project_no_file_of_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_MAX_PARALLEL", "many")
    with pytest.raises(SettingsError) as raised:
        Settings.load(tmp_path)
    assert raised.value.where == "HEADRACE_MAX_PARALLEL in the environment"
    assert raised.value.why == "it is a whole number, 1 or more"
    assert raised.value.next_step == "unset HEADRACE_MAX_PARALLEL"


@pytest.mark.parametrize(
    ("variable", "value"), [("HEADRACE_MAX_PARALLEL", "many"), ("HEADRACE_BEAM_PIPELINE_ARGS", "--a='open")]
)
def test_a_bad_value_in_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        Settings.load(project(tmp_path))
    assert variable in raised.value.where


@pytest.mark.parametrize("value", ["", "  "])
@pytest.mark.parametrize("name", ["home", "metadata", "max_parallel", "server", "keep_runs"])
def test_an_empty_value_is_an_error_and_means_no_other_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"HEADRACE_{name.upper()}", value)
    with pytest.raises(SettingsError) as raised:
        Settings.load(project(tmp_path, 'home = "mine"\nmetadata = "mysql://ann@db/metadata"'))
    assert f"HEADRACE_{name.upper()} in the environment" in raised.value.where
    monkeypatch.delenv(f"HEADRACE_{name.upper()}")
    with pytest.raises(SettingsError, match=f"the setting '{name}'"):
        Settings.load(project(tmp_path, f'{name} = "{value}"'))


def test_an_empty_home_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_HOME", "")
    with pytest.raises(SettingsError) as raised:
        Settings.load(tmp_path)
    assert (raised.value.what, raised.value.next_step) == ("the setting 'home' is empty", "unset HEADRACE_HOME")


def test_an_empty_list_of_words_is_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_BEAM_PIPELINE_ARGS", "")
    assert Settings.load(project(tmp_path, 'beam_pipeline_args = ["--a=1"]')).beam_pipeline_args == ()


def test_a_home_of_a_user_who_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_HOME", "~nobody-of-this-name/headrace")
    with pytest.raises(SettingsError, match="home directory"):
        Settings.load(tmp_path)


@pytest.mark.parametrize("table", ['metadata = ["mysql://ann:secret@db/metadata"]', "metadata = {secret = 1}"])
def test_what_may_have_a_password_in_it_is_never_shown(tmp_path: Path, table: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.load(project(tmp_path, table))
    assert "'metadata'" in raised.value.what
    assert "secret" not in str(raised.value)
    assert "secret" not in repr(Settings.load(project(tmp_path, 'metadata = "mysql://ann:secret@db/metadata"')))


@pytest.mark.parametrize("text", ["[tool.headrace", "[tool]\nheadrace = 3\n"], ids=["no TOML", "no table"])
def test_a_project_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        Settings.load(tmp_path)
    assert str(tmp_path / "pyproject.toml") in raised.value.where


def test_everything_of_a_pipeline_lives_below_the_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert settings.metadata_path.parent == tmp_path
    places = settings.pipeline_root("taxi"), settings.serving_root("taxi"), settings.log_folder("taxi", "run")
    assert len(set(places)) == len(places)
    assert all(place.is_relative_to(tmp_path) for place in places)


HOSTILE = [
    "a/b",
    "a%2Fb",
    "..",
    ".",
    "../../x",
    "/x",
    ".hidden",
    "",
    " ",
    "a\nb",
    "a\0b",
    "é" * 200,
    "é" * 201,
    "x" * 300,
]


def test_no_name_leaves_the_folder_that_it_names_a_file_in_and_no_two_name_the_same(tmp_path: Path) -> None:
    names = [file_name(name) for name in HOSTILE]
    assert len(set(names)) == len(HOSTILE)
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.log").touch()
    assert len(list(tmp_path.iterdir())) == 2 * len(HOSTILE)
    for name in HOSTILE:
        settings = Settings(home=tmp_path)
        for place in (
            settings.pipeline_root(name),
            settings.serving_root(name),
            settings.log_folder(name, name).parent,
        ):
            assert place.resolve().parent.parent == tmp_path.resolve()


@pytest.mark.parametrize("name", ["taxi", "taxi (2)", "täxi-v1.2", "20261130-222411.406676"])
def test_a_plain_name_is_the_name_of_its_files(name: str) -> None:
    assert file_name(name) == name


def test_the_home_is_made_with_its_parents_and_may_be_made_again(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "a" / "b")
    settings.make_home()
    settings.make_home()
    assert settings.home.is_dir()


def test_a_home_that_cannot_be_made_says_so_and_how_to_choose_another(unwritable: Path) -> None:
    with pytest.raises(HomeError) as raised:
        Settings(home=unwritable).make_home()
    assert raised.value.where == str(unwritable)
    assert raised.value.why
    assert "HEADRACE_HOME" in raised.value.next_step
    assert raised.value.exit_code == 2


def test_a_home_that_is_a_file_is_refused_and_the_file_is_kept(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("mine")
    with pytest.raises(HomeError):
        Settings(home=home).make_home()
    assert home.read_text() == "mine"


@pytest.mark.parametrize(
    ("url", "path"), [("sqlite:///own.db", "own.db"), ("sqlite:////stores/own.db", "/stores/own.db")]
)
def test_a_store_in_a_file_is_below_the_project_whichever_folder_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, path: str
) -> None:
    below = project(tmp_path, f'metadata = "{url}"') / "pipelines"
    below.mkdir()
    monkeypatch.chdir(below)
    metadata = Settings.load().metadata
    assert metadata is not None
    assert metadata.get_secret_value() == f"sqlite:///{tmp_path / path}"


def test_no_node_shares_the_log_of_the_orchestrator_or_of_another_node() -> None:
    nodes = ["orchestrator", "%6Frchestrator", "Orchestrator", "orchestrator.log", "Trainer"]
    assert len({ORCHESTRATOR_LOG, *map(node_log_name, nodes)}) == 1 + len(nodes)
    assert node_log_name("Trainer") == "Trainer.log"
