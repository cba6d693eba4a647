"""What can be wrong with a node of a syntax tree: each operator makes small changes that a test should notice."""

import ast
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
OPPOSITES = (
    ("min", "max"),
    ("any", "all"),
    ("startswith", "endswith"),
    ("removeprefix", "removesuffix"),
    ("partition", "rpartition"),
    ("split", "rsplit"),
    ("lstrip", "rstrip"),
    ("lower", "upper"),
    ("append", "extend"),
    ("floor", "ceil"),
)
OTHER_NAME = dict(OPPOSITES) | {right: left for left, right in OPPOSITES}
ASSERTED = {"strict"}  # of zip: what it says is so
NOT_SWAPPED = {"cast", "getattr", "hasattr", "isinstance", "issubclass", "setattr"}  # a TypeError at once


@dataclass(frozen=True)
class Change:
    """One node replaced by another; `operator` is the kind of fault."""

    operator: str
    target: ast.AST
    replacement: ast.AST


def changes(node: ast.AST) -> Iterator[Change]:
    """All changes to a node itself; those to nodes within it are made when these are asked about."""
    for kinds, operator in OPERATORS:
        if isinstance(node, kinds):
            yield from operator(node)


def called_name(node: ast.AST) -> str:
    """The last name of what a call calls, `c` in `a.b.c()`; empty where there is none."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name
    return ""


def is_type(node: ast.AST) -> bool:
    """Whether an expression looks like a class: `Path`, `ast.Call`, `dict`, not the constant `NAMES`."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    in_capitals = len(name) > 1 and name.isupper()
    return (name[:1].isupper() and not in_capitals) or name in {"dict", "frozenset", "list", "set", "tuple", "type"}


def _with(node: Any, **fields: Any) -> Any:
    changed = copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _without_each(items: list[Any]) -> Iterator[list[Any]]:
    return ([*items[:at], *items[at + 1 :]] for at in range(len(items)))


def _comparison(node: ast.Compare) -> Iterator[Change]:
    for at, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            ops = [*node.ops[:at], other(), *node.ops[at + 1 :]]
            yield Change("comparison", node, _with(node, ops=ops))


def _logic(node: ast.BoolOp) -> Iterator[Change]:
    yield Change("and-or", node, _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And()))
    for values in _without_each(node.values):
        yield Change("operand", node, _with(node, values=values) if len(values) > 1 else values[0])


def _negation(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield Change("not", node, node.operand)


def _condition(node: ast.If | ast.IfExp | ast.While | ast.match_case | ast.comprehension) -> Iterator[Change]:
    match node:
        case ast.comprehension():
            tests: list[ast.expr | None] = [*node.ifs]
        case ast.match_case():
            tests = [node.guard]
        case _:
            tests = [node.test]
    for test in tests:
        if test is not None and not isinstance(test, ast.Constant):
            for always in (False,) if isinstance(node, ast.While) else (True, False):
                yield Change("condition", test, ast.Constant(always))


def _arithmetic(node: ast.BinOp | ast.AugAssign) -> Iterator[Change]:
    other = ARITHMETIC.get(type(node.op))
    operands = (node.left, node.right) if isinstance(node, ast.BinOp) else ()
    if other is not None and not any(is_type(operand) for operand in operands):
        yield Change("arithmetic", node, _with(node, op=other()))


def _constant(node: ast.Constant) -> Iterator[Change]:
    match node.value:
        case bool():
            yield Change("boolean", node, ast.Constant(not node.value))
        case int():
            yield Change("number", node, ast.Constant(node.value + 1))
            if node.value > 0:
                yield Change("number", node, ast.Constant(node.value - 1))
        case float():
            yield Change("number", node, ast.Constant(node.value + 1))
        case str():
            yield Change("string", node, ast.Constant("" if node.value else "x"))


def _text(node: ast.JoinedStr) -> Iterator[Change]:
    for values in _without_each(node.values):
        yield Change("f-string", node, _with(node, values=values))


def _call(node: ast.Call) -> Iterator[Change]:
    name = called_name(node)
    if name in OTHER_NAME and (name not in {"split", "rsplit"} or len(node.args) + len(node.keywords) > 1):
        field = "id" if isinstance(node.func, ast.Name) else "attr"
        yield Change("opposite", node, _with(node, func=_with(node.func, **{field: OTHER_NAME[name]})))
    if (
        len(node.args) > 1
        and name not in NOT_SWAPPED
        and not any(isinstance(one, ast.Starred) for one in node.args[:2])
    ):
        first, second, *others = node.args
        if ast.dump(first) != ast.dump(second):
            yield Change("arguments", node, _with(node, args=[second, first, *others]))
    if name in {"sorted", "sort"} and all(keyword.arg != "reverse" for keyword in node.keywords):
        backwards = ast.keyword("reverse", ast.Constant(True))
        yield Change("order", node, _with(node, keywords=[*node.keywords, backwards]))
    if name in {"get", "pop", "next"} and len(node.args) > 1:
        yield Change("default", node, _with(node, args=node.args[:-1]))
    if not is_type(node.func):  # a record that lacks a field is a TypeError at once
        for dropped, keywords in zip(node.keywords, _without_each(node.keywords), strict=True):
            if dropped.arg is not None and dropped.arg not in ASSERTED:
                yield Change("keyword", node, _with(node, keywords=keywords))


def _slice(node: ast.Slice) -> Iterator[Change]:
    for bound in ("lower", "upper", "step"):
        if getattr(node, bound) is not None:
            yield Change("slice", node, _with(node, **{bound: None}))


def _items(node: ast.Set | ast.Tuple | ast.List) -> Iterator[Change]:
    if len(node.elts) > 1 and (isinstance(node, ast.Set) or isinstance(node.ctx, ast.Load)):
        for elts in _without_each(node.elts):
            yield Change("item", node, _with(node, elts=elts))


def _pairs(node: ast.Dict) -> Iterator[Change]:
    for keys, values in zip(_without_each(node.keys), _without_each(node.values), strict=True):
        yield Change("item", node, _with(node, keys=keys, values=values))


def _statement(node: ast.stmt) -> Iterator[Change]:
    if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name | ast.Tuple) for target in node.targets):
        return  # a NameError at once
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call):
        return
    yield Change("statement", node, ast.Pass())


def _jump(node: ast.Return | ast.Break | ast.Continue) -> Iterator[Change]:
    value = node.value if isinstance(node, ast.Return) else None
    if value is None:
        yield Change("jump", node, ast.Pass())
    elif not isinstance(value, ast.Constant):
        yield Change("return", node, ast.Return(ast.Constant(None)))


OPERATORS: tuple[tuple[tuple[type[ast.AST], ...], Callable[[Any], Iterator[Change]]], ...] = (
    ((ast.Compare,), _comparison),
    ((ast.BoolOp,), _logic),
    ((ast.UnaryOp,), _negation),
    ((ast.If, ast.IfExp, ast.While, ast.match_case, ast.comprehension), _condition),
    ((ast.BinOp, ast.AugAssign), _arithmetic),
    ((ast.Constant,), _constant),
    ((ast.JoinedStr,), _text),
    ((ast.Call,), _call),
    ((ast.Slice,), _slice),
    ((ast.Set, ast.Tuple, ast.List), _items),
    ((ast.Dict,), _pairs),
    ((ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Delete), _statement),
    ((ast.Return, ast.Break, ast.Continue), _jump),
)
