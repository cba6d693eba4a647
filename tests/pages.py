"""Reads a page of HTML as a browser would, and strictly."""

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "wbr", "img", "hr"}
_LOADING = {"src", "srcset", "data", "poster", "background"}  # attributes


class Page(HTMLParser):
    """Checks that every element is closed in order; collects texts, attributes and tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.style = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            self.style += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def loaded(self) -> list[str]:
        """What the page loads: links that a person may follow are none."""
        found = [str(value) for _, name, value in self.attributes if name in _LOADING]
        found += [str(value) for tag, name, value in self.attributes if (tag, name) == ("link", "href")]
        found += [str(value) for _, name, value in self.attributes if name == "style" and "url(" in str(value)]
        return found + re.findall(r"url\([^)]*\)|@import[^;]*", self.style)
