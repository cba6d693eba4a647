"""Two sides of one feature in the same bins: what TFDV's comparators and the noise are computed of."""

from dataclasses import dataclass

TEXT, NUMBERS = "text", "numbers"


@dataclass(frozen=True)
class Binned:
    """Counts of the same values or ranges before and after.

    Attributes:
        kind: TEXT or NUMBERS.
        labels: a name for each bin.
        before: values in each bin, estimates for numbers.
        after: as many.
        unlisted: of the bins, how many at the end stand for values that a truncated list does not name.
        hidden: share of the values, 0 to 1, that might have changed without a trace in the statistics.
    """

    kind: str
    labels: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    unlisted: int = 0
    hidden: float = 0.0

    @property
    def sizes(self) -> tuple[int, int]:
        """Values before and after."""
        return round(sum(self.before)), round(sum(self.after))

    @property
    def largest(self) -> float:
        """The largest share of one bin on either side: none can move farther."""
        return max((max(before, after) for _, before, after in self.shares), default=0.0)

    @property
    def shares(self) -> list[tuple[str, float, float]]:
        """Label, share before and share after of each bin."""
        before, after = sum(self.before) or 1.0, sum(self.after) or 1.0
        return [
            (label, b / before, a / after) for label, b, a in zip(self.labels, self.before, self.after, strict=True)
        ]
