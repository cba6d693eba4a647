"""Whether pages can be used by everybody, and on a phone: axe-core, in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PHONE, DESK = (390, 844), (1440, 900)  # pixels
SCHEMES = ("light", "dark")


@contextmanager
def opened_in(browser: Browser, file: Path, size: tuple[int, int], scheme: str) -> Iterator[Page]:
    """A page in a window of a size, as a reader who prefers light or dark sees it; scripts may be added to it."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        offline=True,
        bypass_csp=True,  # for axe, not for the page
    )
    page = context.new_page()
    page.goto(file.as_uri())
    yield page
    context.close()


def violations(page: Page) -> list[tuple[str, str, str]]:
    """What axe-core finds: the rule, the first element, and what is wrong with that."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        (one["id"], str(one["nodes"][0]["target"]), one["nodes"][0]["failureSummary"]) for one in found["violations"]
    ]


def is_cut_off(page: Page) -> bool:
    """It is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
