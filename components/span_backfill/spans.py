"""The spans that lie in a folder, and those that runs have read."""

import json
import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

from tfx.components.example_gen import utils
from tfx.proto.example_gen_pb2 import Input
from tfx.proto.range_config_pb2 import RangeConfig, StaticRange
from tfx.types import Artifact

SPAN = re.compile(r"\{SPAN(?::\d+)?\}")
_PLACEHOLDER = re.compile(r"(\{SPAN(?::\d+)?\}|\{VERSION(?::\d+)?\}|\*)")


@dataclass(frozen=True)
class Span:
    """A span in its newest version.

    Attributes:
        number: of the span.
        version: the newest; None if the pattern has no {VERSION}.
        fingerprint: of its files, as stock ExampleGens make it of their number, sizes and times.
        pattern: of its files, below the folder.
    """

    number: int
    version: int | None
    fingerprint: str
    pattern: str

    def is_read_in(self, examples: Artifact) -> bool:
        """Whether these files, as they are now, were read into the artifact."""
        version = utils.VERSION_PROPERTY_NAME
        return (
            examples.get_int_custom_property(utils.SPAN_PROPERTY_NAME) == self.number
            and (examples.get_int_custom_property(version) if examples.has_custom_property(version) else None)
            == self.version
            and examples.get_string_custom_property(utils.FINGERPRINT_PROPERTY_NAME) == self.fingerprint
        )


def find_spans(base: str, split: Input.Split) -> list[Span]:
    """The spans of a folder in the order of their numbers, by stock TFX's rules.

    Args:
        base: the folder.
        split: the files' pattern, with {SPAN} and perhaps {VERSION} in it, and the split's name.
    """
    glob = _PLACEHOLDER.sub("*", split.pattern)
    parts = _PLACEHOLDER.split(split.pattern)
    shape = re.compile("".join(_as_regex(part) for part in parts))
    names = [path.relative_to(base).as_posix() for path in Path(base).glob(glob)]
    numbers = {int(match["span"]) for name in names if (match := shape.fullmatch(name))}
    return [_span(base, split, number) for number in sorted(numbers)]


def to_json(spans: Iterable[Span]) -> str:
    """What `from_json` reads."""
    return json.dumps([asdict(span) for span in spans])


def from_json(text: str) -> list[Span]:
    """The spans that `to_json` wrote."""
    return [Span(**values) for values in json.loads(text)]


def read_in(span: Span, examples: Sequence[Artifact]) -> Artifact | None:
    """The newest of the artifacts that the span was read into, if it was."""
    found = [one for one in examples if span.is_read_in(one)]
    return max(found, key=lambda one: int(one.id)) if found else None


def _as_regex(part: str) -> str:
    if SPAN.fullmatch(part):
        return r"(?P<span>\d+)"
    if part.startswith("{VERSION"):
        return r"\d+"
    return "[^/]*" if part == "*" else re.escape(part)


def _span(base: str, split: Input.Split, number: int) -> Span:
    found = deepcopy(split)
    only = RangeConfig(static_range=StaticRange(start_span_number=number, end_span_number=number))
    fingerprint, _, version = utils.calculate_splits_fingerprint_span_and_version(base, [found], only)
    return Span(number, version, fingerprint, found.pattern)  # TFX has put span and version into the pattern
