"""What differs between two schemas."""

from pathlib import Path

import pytest

from headrace.contents.schema_changes import schema_changes

BEFORE = """
feature { name: "payment" type: BYTES presence { min_fraction: 1 } domain: "payments" }
feature { name: "month" type: INT int_domain { min: 1 max: 12 } }
feature { name: "tips" type: FLOAT }
feature { name: "gone" type: FLOAT }
string_domain { name: "payments" value: "Cash, or so" value: "Card" }
"""
AFTER = """
feature { name: "payment" type: BYTES string_domain { value: "Cash, or so" value: "Barter" } }
feature { name: "month" type: INT int_domain { min: 0 max: 12 } }
feature { name: "tips" type: INT }
feature { name: "new" type: FLOAT presence { min_fraction: 1 } }
"""


def test_each_change_is_told_by_feature(tmp_path: Path) -> None:
    folders = []
    for name, text in (("before", BEFORE), ("after", AFTER)):
        folders.append(tmp_path / name)
        folders[-1].mkdir()
        (folders[-1] / "schema.pbtxt").write_text(text)
    assert list(map(str, schema_changes(*folders))) == [
        "payment: domain gained 'Barter'",
        "payment: domain lost 'Card'",
        "payment: required yes -> no",
        "month: domain 1 to 12 -> 0 to 12",
        "tips: type FLOAT -> INT",
        "gone: feature is gone",
        "new: feature is new: FLOAT, required",
    ]
    assert schema_changes(folders[0], folders[0]) == []


def folder_of(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "schema.pbtxt").write_text(text)
    return folder


def texts(*values: str) -> str:
    its = " ".join(f'value: "{value}"' for value in values)
    return f'feature {{ name: "payment" type: BYTES string_domain {{ {its} }} }}'


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (texts("a", "b"), texts("b", "a"), []),
        (texts("x"), texts("x", *"abcde"), ["domain gained 'a', 'b', 'c', 'd', 'e'"]),
        (texts("x", *"abcdef"), texts("x"), ["domain lost 'a', 'b', 'c', 'd', 'e' and 1 more"]),
        (texts("x"), 'feature { name: "payment" type: BYTES }', ["domain x -> any"]),
        ('feature { name: "payment" type: BYTES }', texts("x", "y"), ["domain any -> x, y"]),
        (
            'default_environment: "SERVING" feature { name: "payment" value_count { min: 1 max: 1 } }',
            'default_environment: "SERVING" feature { name: "payment" not_in_environment: "SERVING" }',
            ["values per example 1 -> any number", "not in environments any -> SERVING"],
        ),
        (
            'feature { name: "payment" }',
            'feature { name: "payment" presence { min_fraction: 1 } }',
            ["required no -> yes"],
        ),
    ],
)
def test_a_change_of_a_feature_is_told_as_it_was_and_is(
    tmp_path: Path, before: str, after: str, told: list[str]
) -> None:
    changes = schema_changes(folder_of(tmp_path / "before", before), folder_of(tmp_path / "after", after))
    assert list(map(str, changes)) == [f"payment: {one}" for one in told]


def test_a_new_feature_is_told_with_its_type_and_domain(tmp_path: Path) -> None:
    new = 'feature { name: "month" type: INT int_domain { min: 1 max: 12 } } feature { name: "any" type: BYTES }'
    changes = schema_changes(folder_of(tmp_path / "before", ""), folder_of(tmp_path / "after", new))
    assert list(map(str, changes)) == [
        "month: feature is new: INT, optional, 1 to 12",
        "any: feature is new: BYTES, optional",
    ]


@pytest.mark.parametrize("gone", ["before", "after"])
def test_without_one_of_the_schemas_there_is_no_answer(tmp_path: Path, gone: str) -> None:
    for name in ("before", "after"):
        folder_of(tmp_path / name, "")
    (tmp_path / gone / "schema.pbtxt").unlink()
    with pytest.raises(FileNotFoundError):
        schema_changes(tmp_path / "before", tmp_path / "after")
