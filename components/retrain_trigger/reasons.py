"""The reasons to train, from facts: the decision's rules, apart from where the facts come from."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

NO_MARK = ("", "no")  # TFX takes an empty default of a RuntimeParameter for none


@dataclass(frozen=True)
class Facts:
    """What is known of the last model and of the data.

    Attributes:
        model: the id of the last model; None where there is none.
        age_days: how long ago it was made, in whole days; None without a model.
        new_rows: rows of the examples that it was not trained on; None where that is not recorded.
        unknown: why it is not, in words.
    """

    model: int | None = None
    age_days: int | None = None
    new_rows: int | None = None
    unknown: str = ""

    def to_json(self) -> str:
        """As text, for an execution's parameters."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Facts":
        """What `to_json` wrote."""
        return cls(**json.loads(text))


def reasons(
    facts: Facts, mark: str, drifted: str, smallest_new_rows: int | None, largest_age_days: int | None
) -> Iterator[str]:
    """Each reason to train, in words.

    Args:
        facts: of the model and the data.
        mark: why somebody wants to train; one of NO_MARK if nobody does.
        drifted: what the drift report says, if it tells of a drift.
        smallest_new_rows: so many are a reason; None if rows are none.
        largest_age_days: a model older than that is a reason; None if age is none.
    """
    if mark not in NO_MARK:
        yield f"marked by hand: {mark}"
    if facts.model is None:
        yield "there is no model yet"
        return
    if drifted:
        yield f"drift: {drifted}"
    if smallest_new_rows is not None:
        if facts.new_rows is None:
            yield f"unknown how many rows are new: {facts.unknown}"
        elif facts.new_rows >= smallest_new_rows:
            yield f"{facts.new_rows:,} new rows, at least {smallest_new_rows:,}"
    if largest_age_days is not None and facts.age_days is not None and facts.age_days > largest_age_days:
        yield f"Model {facts.model} is {facts.age_days} days old, over {largest_age_days}"


def reasons_not(facts: Facts, smallest_new_rows: int | None, largest_age_days: int | None, has_drift: bool) -> str:
    """What was looked at where there is no reason, in words."""
    looked = []
    if has_drift:
        looked.append("no drift")
    if smallest_new_rows is not None:
        looked.append(f"{facts.new_rows:,} new rows of {smallest_new_rows:,}")
    if largest_age_days is not None:
        looked.append(f"Model {facts.model} is {facts.age_days} of {largest_age_days} days old")
    return ", ".join(looked) or "no mark"
