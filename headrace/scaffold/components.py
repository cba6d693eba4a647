"""A new component: a folder in components/ and one for its tests."""

import ast
from enum import StrEnum
from pathlib import Path

from headrace.errors import UnknownNameError, UserError
from headrace.scaffold.names import check_name, class_name
from headrace.scaffold.rendering import TESTS, rendered
from headrace.scaffold.writing import NewFolder, write_folders


class Kind(StrEnum):
    """What a component is made of."""

    FUNCTION = "function"
    CLASS = "class"
    BEAM = "beam"


def new_component(root: Path, name: str, kind: str) -> list[Path]:
    """Writes a component and its tests; returns their folders.

    Raises:
        UserError: there is one of that name, or it cannot be called so; nothing is written.
        UnknownNameError: there is no such kind.
    """
    check_name("component", name)
    if kind not in list(Kind):
        raise UnknownNameError.among(
            "kind of component", kind, [one.value for one in Kind], next_step="headrace new component --help"
        )
    files = rendered(f"component/{kind}", {"name": name, "Name": class_name(name)})
    _check_class_name(name, files["component.py"])
    test = files.pop(TESTS)
    folders = [
        NewFolder(root / "components" / name, files),
        NewFolder(root / "tests" / "components" / name, {f"test_{name}.py": test}),
    ]
    write_folders(root, folders)
    return [folder.path for folder in folders]


def _check_class_name(name: str, source: bytes) -> None:
    """The class must not have the name of one that its own file imports."""
    imports = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom))
    taken = {alias.name for node in imports for alias in node.names}
    if class_name(name) in taken:
        raise UserError(
            f"a component cannot be called {name!r}",
            why=f"its class would be {class_name(name)}, and TFX has one of that name",
            next_step=f"headrace new component my_{name}",
        )
