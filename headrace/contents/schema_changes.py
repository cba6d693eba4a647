"""What differs between two schemas, feature by feature, in words."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from headrace.contents.schema import FILE_NAME, FeatureSchema, read_domains, read_schema

_SHOWN = 5  # values of a domain
_ASPECTS = {"values": "values per example", "required": "required", "not_in": "not in environments"}


@dataclass(frozen=True)
class SchemaChange:
    """One difference of a feature."""

    feature: str
    aspect: str  # "feature", "type", "required", "domain", ...
    detail: str  # in words

    def __str__(self) -> str:
        return f"{self.feature}: {self.aspect} {self.detail}"


def schema_changes(before: Path, after: Path) -> list[SchemaChange]:
    """What differs between the schemas in two Schema artifacts' folders.

    Raises:
        FileNotFoundError: there is no schema in a folder.
    """
    if (before / FILE_NAME).read_bytes() == (after / FILE_NAME).read_bytes():
        return []
    old, new = ({one.name: one for one in read_schema(folder)} for folder in (before, after))
    old_domains, new_domains = read_domains(before), read_domains(after)
    changes: list[SchemaChange] = []
    for name in dict.fromkeys([*old, *new]):
        if name not in old:
            changes.append(SchemaChange(name, "feature", f"is new: {_words(new[name])}"))
        elif name not in new:
            changes.append(SchemaChange(name, "feature", "is gone"))
        elif name in old_domains and name in new_domains:
            changes += _domain_changes(name, old_domains[name], new_domains[name])
            changes += _changes(old[name], new[name], leave_out="domain")
        else:
            changes += _changes(old[name], new[name])
    return changes


def _changes(old: FeatureSchema, new: FeatureSchema, leave_out: str = "") -> Iterator[SchemaChange]:
    for one in fields(FeatureSchema):
        was, now = getattr(old, one.name), getattr(new, one.name)
        if was != now and one.name != leave_out:
            yield SchemaChange(new.name, _ASPECTS.get(one.name, one.name), f"{_text(was)} -> {_text(now)}")


def _domain_changes(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[SchemaChange]:
    for values, verb in (
        ([one for one in new if one not in old], "gained"),
        ([o for o in old if o not in new], "lost"),
    ):
        if values:
            more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
            yield SchemaChange(name, "domain", f"{verb} {', '.join(map(repr, values[:_SHOWN]))}{more}")


def _words(feature: FeatureSchema) -> str:
    required = "required" if feature.required else "optional"
    return ", ".join(part for part in (feature.type, required, feature.domain) if part)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (", ".join(map(str, value)) if isinstance(value, tuple) else str(value)) or "any"
