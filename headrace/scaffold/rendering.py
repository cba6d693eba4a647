"""Templates, which lie in the folder templates/: `$name` and `$Name` stand for what is new."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

TESTS = "test.py"  # the one file of a template that does not lie in the folder itself
_FOLDER = Path(__file__).with_name("templates")
_SUFFIX = ".tmpl"  # so that no tool takes them for Python


def rendered(template: str, names: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a template by their names, with names put in."""
    return {
        path.name.removesuffix(_SUFFIX): Template(path.read_text(encoding="utf-8")).substitute(names).encode()
        for path in sorted((_FOLDER / template).glob(f"*{_SUFFIX}"))
    }
