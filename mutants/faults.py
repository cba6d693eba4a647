"""All faults of a module, each a small change of its source; what no test can or should notice is left alone."""

import ast
import warnings
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

from mutants.operators import Change, called_name, changes, is_type

_ATOMS = (
    ast.Attribute, ast.Call, ast.Constant, ast.Dict, ast.JoinedStr, ast.List, ast.Name, ast.Set, ast.Slice, ast.stmt,
    ast.Subscript, ast.Tuple,
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One change of a module's source.

    Attributes:
        module: the file, relative to the project's root.
        operator: the kind of change.
        line: where it begins, from 1.
        was: the whole lines it is in, without indentation and line breaks.
        becomes: the same with the change.
        function: the first line of the function it is in, decorators included; None outside of functions.
        start: where it begins in the source, in bytes.
        end: where it ends.
        text: what stands there instead.
    """

    module: str
    operator: str
    line: int
    was: str
    becomes: str
    function: int | None
    start: int
    end: int
    text: str

    def applied(self, source: str) -> str:
        """The module's source with the fault."""
        whole = source.encode()
        return (whole[: self.start] + self.text.encode() + whole[self.end :]).decode()


def faults(module: str, source: str) -> Iterator[Fault]:
    """The faults of a module, in the order of its source."""
    whole = source.encode()
    starts = [0]
    for line in whole.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for site, function in _sites(ast.parse(source), None):
        for change in _changes(site):
            target: ast.expr = change.target  # type: ignore[assignment]  # all that are changed have a place
            start = starts[target.lineno - 1] + target.col_offset
            end = starts[(target.end_lineno or 0) - 1] + (target.end_col_offset or 0)
            text = _text(change)
            line_start, line_end = starts[target.lineno - 1], starts[target.end_lineno or 0]
            was = whole[line_start:line_end].decode()
            becomes = whole[line_start:start].decode() + text + whole[end:line_end].decode()
            yield Fault(
                module, change.operator, target.lineno, _one_line(was), _one_line(becomes), function, start, end, text
            )


def is_possible(fault: Fault, source: str) -> bool:
    """Whether the source with a fault is still Python, and means something else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            changed = ast.parse(fault.applied(source))
            compile(changed, fault.module, "exec")
        except (SyntaxError, ValueError):
            return False
    return ast.dump(changed) != ast.dump(ast.parse(source))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _text(change: Change) -> str:
    text = ast.unparse(change.replacement)
    same = isinstance(change.replacement, type(change.target))
    return text if same or isinstance(change.replacement, _ATOMS) else f"({text})"


def _changes(site: ast.AST) -> Iterator[Change]:
    yield from changes(site)
    if isinstance(site, ast.JoinedStr):  # places within it are known since Python 3.12 only: it is replaced as a whole
        for at, within in enumerate(ast.walk(site)):
            if within is site or (isinstance(within, ast.Constant) and isinstance(within.value, str)):
                continue
            for change in changes(within):
                if change.target is within:
                    copied = deepcopy(site)
                    yield Change(change.operator, site, _Replaced(list(ast.walk(copied))[at], change).visit(copied))


class _Replaced(ast.NodeTransformer):
    """A tree in which one node is another."""

    def __init__(self, old: ast.AST, change: Change) -> None:
        self._old, self._new = old, change.replacement

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else self.generic_visit(node)


def _sites(node: ast.AST, function: int | None) -> Iterator[tuple[ast.AST, int | None]]:
    """The nodes that may be changed, with the first line of the function they are in."""
    if _is_left_alone(node):
        return
    yield node, function
    if isinstance(node, ast.JoinedStr):
        return
    inside = function
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inside = min(part.lineno for part in (node, *node.decorator_list))
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            yield from _sites(default, function)
    for child in _parts(node):
        yield from _sites(child, inside)


def _parts(node: ast.AST) -> list[ast.AST]:
    """What of a node may be changed: no decorators, bases and annotations."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return list(node.body)
        case ast.AnnAssign():
            return [node.value] if node.value else []
        case ast.Call() if called_name(node) == "cast":
            return [*node.args[1:]]
    return list(ast.iter_child_nodes(node))


def _is_left_alone(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()):  # a docstring, or the dots of an abstract method
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.keyword(arg="strict"):
            return True
        case ast.If():
            return any(
                isinstance(one, ast.Name) and one.id in {"TYPE_CHECKING", "__name__"} for one in ast.walk(node.test)
            )
        case ast.Raise():
            return node.exc is not None and "NotImplementedError" in ast.unparse(node.exc)
        case ast.Subscript():  # a generic type
            return is_type(node.value)
        case ast.Call():
            return called_name(node) in {"debug", "NewType", "TypeVar"}
        case ast.Expr(value=ast.Call() as call):
            return called_name(call) == "debug"
    return False
