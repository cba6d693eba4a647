"""The page as one HTML text: a template, its style and scripts, and the records as data."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from string import Template

from headrace.display.page.drawings import ROOM, Judgement, Table, drawings_of
from headrace.display.page.nodes import edges_of, nodes_of
from headrace.metadata.graph import Graph

_FOLDER = Path(__file__).parent
_LIBRARIES = ("vendor/d3.min.js", "vendor/dagre.min.js")
_LONGEST_NAME = 80  # characters
_SCRIPTS = (
    "words.js",
    "charts.js",
    "record.js",
    "wrap.js",
    "layout.js",
    "walks.js",
    "graph.js",
    "search.js",
    "main.js",
)


@dataclass(frozen=True)
class LineagePage:
    """What a page shows."""

    title: str
    graph: Graph
    asked: tuple[int, ...] = ()  # the artifacts that it was asked for, if not for all there is
    overview: Sequence[Table] = ()  # what is told where no node is chosen
    judgements: Mapping[int, Judgement] = field(default_factory=dict)  # by the execution that judged a model
    tables: Mapping[int, Sequence[Table]] = field(default_factory=dict)  # by artifact: what else is known of it
    room: int = ROOM  # characters of all that is drawn of what artifacts hold

    @property
    def file_name(self) -> str:
        """A name for its file: the title, of letters and digits that any file system takes."""
        return "-".join(re.findall(r"[\w.]+", self.title))[:_LONGEST_NAME]

    def html(self) -> str:
        """The whole page. Reads what the artifacts hold, as far as the page has room for it."""
        template = Template((_FOLDER / "page.html").read_text(encoding="utf-8"))
        return template.substitute(
            title=escape(self.title),
            style=_text("page.css"),
            data=_as_script(self._data()),
            libraries="\n".join(map(_text, _LIBRARIES)),
            script="\n".join(map(_text, _SCRIPTS)),
        )

    def _data(self) -> dict[str, object]:
        drawings = drawings_of(self.graph, self.judgements, self.tables, self.asked, self.room)
        return {
            "title": self.title,
            "nodes": [asdict(one) for one in nodes_of(self.graph, frozenset(self.asked))],
            "edges": [asdict(one) for one in edges_of(self.graph)],
            "overview": [asdict(one) for one in self.overview],
            "drawings": {key: [asdict(one) for one in drawn] for key, drawn in drawings.by_artifact.items()},
            "left_out": drawings.left_out,
        }


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _as_script(data: object) -> str:
    """JSON that cannot end the element it stands in, whatever a property says."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
