"""What faults are made of a source, and where none are."""

from textwrap import dedent

import pytest

from mutants.faults import Fault, faults, is_possible


def made(source: str, operator: str | None = None) -> list[str]:
    found = (fault for fault in faults("thing.py", source) if operator in (None, fault.operator))
    return [fault.becomes for fault in found if is_possible(fault, source)]


@pytest.mark.parametrize(
    ("source", "operator", "expected"),
    [
        ("a < b", "comparison", ["a <= b", "a >= b"]),
        ("a is not b in c", "comparison", ["a is b in c", "a is not b not in c"]),
        ("a and b", "and-or", ["a or b"]),
        ("a or b or c", "operand", ["b or c", "a or c", "a or b"]),
        ("x = c and not (a or b)", "not", ["x = c and (a or b)"]),
        ("if a:\n    f()", "condition", ["if True:", "if False:"]),
        ("while a:\n    f()", "condition", ["while False:"]),
        ("x = [a for a in b if a]", "condition", ["x = [a for a in b if True]", "x = [a for a in b if False]"]),
        ("x = a * (b - c)", "arithmetic", ["x = a / (b - c)", "x = a * (b + c)"]),
        ("x += a", "arithmetic", ["x -= a"]),
        ("x = a[-1]", "number", ["x = a[-2]", "x = a[-0]"]),
        ("def f(a=0.5): pass", "number", ["def f(a=1.5): pass"]),
        ("x = True", "boolean", ["x = False"]),
        ("x = d['key']", "string", ["x = d['']"]),
        ("x = f'{a} is {b}'", "f-string", ["x = f' is {b}'", "x = f'{a}{b}'", "x = f'{a} is '"]),
        ("x = f'{a + 1}'", "arithmetic", ["x = f'{a - 1}'"]),
        ("x = min(a)", "opposite", ["x = max(a)"]),
        ("x = a.split() + a.split(b, 1)", "opposite", ["x = a.split() + a.rsplit(b, 1)"]),
        ("f(a, b, c)", "arguments", ["f(b, a, c)"]),
        ("x = sorted(a)", "order", ["x = sorted(a, reverse=True)"]),
        ("x = d.get(a, b)", "default", ["x = d.get(a)"]),
        ("f(a=1, b=2)", "keyword", ["f(b=2)", "f(a=1)"]),
        ("x = a[1:n]", "slice", ["x = a[:n]", "x = a[1:]"]),
        ("x = {a, b}", "item", ["x = {b}", "x = {a}"]),
        ("x = {'a': b}", "item", ["x = {}"]),
        ("f(a)", "statement", ["pass"]),
        ("self.x = a", "statement", ["pass"]),
        ("for a in b:\n    continue", "jump", ["pass"]),
        ("def f():\n    return a", "return", ["return None"]),
    ],
)
def test_each_operator_makes_its_faults(source: str, operator: str, expected: list[str]) -> None:
    assert made(source, operator) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "def f(a: Literal['x'] | None) -> dict[str, 'int']: ...",
        "__all__ = ['a', 'b']",
        "if TYPE_CHECKING:\n    x = 1",
        "Made = Callable[[int, str], bool]",
        "T = TypeVar('T', bound='Thing')",
        "@decorated('name', 1)\ndef f(): ...",
        "def f():\n    raise NotImplementedError('in subclasses')",
        "logging.debug('%d', 1)",
        "x = y = a",
    ],
)
def test_what_no_test_can_notice_is_left_alone(source: str) -> None:
    assert made(source) == []


def test_what_asserts_something_and_changes_nothing_else_is_left_alone() -> None:
    assert made("x = zip(a, b, strict=True)") == ["x = zip(b, a, strict=True)"]


def test_a_fault_is_put_where_it_stands_and_the_rest_is_as_it_was() -> None:
    source = dedent("""
        @decorated
        def f(a):
            # two bytes in UTF-8: é
            return {"é": a,
                    "b": a + 1}  # and a comment
    """)
    [fault] = [fault for fault in faults("thing.py", source) if fault.operator == "arithmetic"]
    assert fault == Fault("thing.py", "arithmetic", 6, fault.was, fault.becomes, 2, fault.start, fault.end, "a - 1")
    assert (fault.was, fault.becomes) == ('"b": a + 1} # and a comment', '"b": a - 1} # and a comment')
    assert fault.applied(source) == source.replace("a + 1", "a - 1")
