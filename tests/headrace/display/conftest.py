"""A real browser without a network, in which pages are opened."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Iterator[Open]:
    """Opens a page's file, and waits until its graph is drawn; sees that it asks for nothing and has no errors."""
    asked: list[str] = []
    complaints: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    def listen(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    context = browser.new_context(offline=True, viewport={"width": 1440, "height": 900}, reduced_motion="reduce")

    def open_page(file: Path) -> Page:
        page = context.new_page()
        page.on("request", note)
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri())
        page.locator("body[data-ready]").wait_for()
        return page

    yield open_page
    context.close()
    assert not [url for url in asked if not url.startswith("file:")]
    assert not complaints
