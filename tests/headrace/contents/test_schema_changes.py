"""What differs between two schemas."""

from pathlib import Path

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
