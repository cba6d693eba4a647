"""A new store of each kind: a file, and on each server."""

import pytest

from headrace.metadata import MetadataStore
from headrace.metadata.store import project_config
from headrace.settings import Settings


@pytest.fixture
def settings(settings_with_each_store: Settings) -> Settings:
    settings_with_each_store.make_home()
    return settings_with_each_store


@pytest.fixture
def store(settings: Settings) -> MetadataStore:
    return MetadataStore.connect(project_config(settings))
