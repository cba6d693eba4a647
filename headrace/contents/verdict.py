"""Whether a model was blessed, and why, in words."""

from collections.abc import Callable

from headrace.contents.evaluation import Evaluation
from headrace.contents.metrics import Slice, slice_text
from headrace.contents.validation import Check

MOST_REASONS = 8  # thresholds that a verdict spells out
MOST_WITHOUT = 3  # slices without a value that it names


def verdict_text(evaluation: Evaluation) -> str:
    """Whether the model was blessed and why, in plain lines: each failure, or what held."""
    if not evaluation.checks:
        return "Blessed: no threshold was set." if evaluation.blessed else "Not blessed: no threshold was set."
    total = len(evaluation.checks)
    said = sorted(evaluation.passed if evaluation.blessed else evaluation.failures, key=_by_examples(evaluation))
    if evaluation.blessed:
        lines = [f"Blessed: {'the threshold' if total == 1 else f'all {total} thresholds'} held."]
    else:
        lines = [f"Not blessed: {len(said)} of {total} {'threshold' if total == 1 else 'thresholds'} did not hold."]
    measured = [check for check in said if check.measured is not None]
    lines += [f"  {_reason(evaluation, check)}" for check in measured[:MOST_REASONS]]
    if len(measured) > MOST_REASONS:
        lines.append(f"  and {len(measured) - MOST_REASONS} more")
    if without := [check for check in said if check.measured is None]:
        where = "; ".join(_where(evaluation, check.slice) for check in without[:MOST_WITHOUT])
        more = f"; and {len(without) - MOST_WITHOUT} more" if len(without) > MOST_WITHOUT else ""
        names = ", ".join(sorted({check.metric for check in without}))
        lines.append(f"  without a meaningful {names} (labels of one class, or no data): {where}{more}")
    return "\n".join(lines)


def outcome_text(check: Check) -> str:
    """What was measured and what was asked for: "auc changed by -0.01, asked: at least -0.003 against ..."."""
    if check.measured is None:
        found = "was not measured"
    else:
        found = f"changed by {check.measured:+.4g}" if check.is_change else f"{check.measured:.4g}"
    return f"{check.metric} {found}, asked: {check.bound.removeprefix('change of ')}"


def _by_examples(evaluation: Evaluation) -> Callable[[Check], tuple[bool, int, str]]:
    """Missing slices first, then large slices before small."""

    def order(check: Check) -> tuple[bool, int, str]:
        return check.slice in evaluation.metrics, -(evaluation.examples(check.slice) or 0), slice_text(check.slice)

    return order


def _reason(evaluation: Evaluation, check: Check) -> str:
    if check.slice not in evaluation.metrics:
        return f"{slice_text(check.slice)}: no examples, though it has a threshold of its own"
    return f"{_where(evaluation, check.slice)}: {outcome_text(check)}"


def _where(evaluation: Evaluation, key: Slice) -> str:
    examples = evaluation.examples(key)
    if examples is None:
        return slice_text(key)
    return f"{slice_text(key)} ({examples:,} {'example' if examples == 1 else 'examples'})"
