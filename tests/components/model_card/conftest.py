"""A home of its own with the taxi run in it, for tests that run more there, or remove something."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from headrace.metadata import MetadataStore
from headrace.metadata.store import sqlite_config
from tests.conftest import RecordedRun


def moved(home: Path, there: Path) -> RecordedRun:
    """A copy of a home, whose records are of what is in the copy."""
    shutil.copytree(home, there)
    store = MetadataStore.connect(sqlite_config(there / "metadata.sqlite"))
    artifacts = store.handle.get_artifacts()
    for one in artifacts:
        one.uri = one.uri.replace(str(home), str(there))
        for value in one.custom_properties.values():
            if value.HasField("string_value"):
                value.string_value = value.string_value.replace(str(home), str(there))
    store.handle.put_artifacts(artifacts)
    return RecordedRun(store, store.runs("taxi")[-1])


@pytest.fixture(scope="module")
def own_run(taxi_run: RecordedRun, home: Path, tmp_path_factory: pytest.TempPathFactory) -> RecordedRun:
    """The taxi run in a home of this module's own, `own_home`."""
    return moved(home, tmp_path_factory.mktemp("own") / "home")


@pytest.fixture(scope="module")
def own_home(own_run: RecordedRun) -> Path:
    return Path(own_run.output("Trainer", "model").uri).parents[4]


Opened = Callable[[Path, int], tuple[int, list[str]]]


@pytest.fixture
def opened(browser: Browser) -> Opened:
    """Opens a page at a width; says how wide it wants to be, and what it asked for or complained of."""

    def open_page(page: Path, width: int) -> tuple[int, list[str]]:
        noted: list[str] = []
        view = browser.new_page(viewport={"width": width, "height": 800})
        view.on("request", lambda request: noted.append(request.url))
        view.on("console", lambda message: noted.append(message.text))
        view.goto(page.as_uri())
        wide = int(view.evaluate("document.documentElement.scrollWidth"))
        view.close()
        return wide, [one for one in noted if one != page.as_uri()]

    return open_page
