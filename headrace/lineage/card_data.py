"""What a model card says of the data, its schema and the features."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from headrace.contents.metrics import EXAMPLE_COUNT, MEAN_LABEL
from headrace.contents.model_card import Block, Distributions, Facts, Section, Shares, Table, Words
from headrace.contents.statistics import NumericStatistics, SplitStatistics
from headrace.lineage.card_sources import Sources, utc
from headrace.lineage.input_data import InputData
from headrace.lineage.shown import UNKNOWN, size, text

MOST_FEATURES = 18  # that are drawn
_FILES_SHOWN = 10
_DOMAIN_SHOWN = 100  # characters
_UNITS = (1, 1e3, 1e6, 1e9)  # of a second: seconds, ms, us, ns
_EARLIEST, _LATEST = 631152000, 4102444800  # 1990 and 2100: what is between them is a time, if it is called one


def data_section(known: Sources) -> Section:
    """The files, the rows by split, the period, the label and the features by split."""
    inputs = sorted(known.trace.inputs, key=lambda one: (one.span or 0, one.artifact))
    blocks: list[Block] = [Facts(tuple(_facts(known)))] if inputs else []
    if len(inputs) > 1:
        blocks.append(_inputs(inputs))
    if files := [row for data in inputs for row in _files(data)]:
        blocks.append(Table(("split", "file", "size", "changed", "since then"), tuple(files), numbers=(2,)))
    elif inputs:
        blocks.append(Words(f"Which files these were is {UNKNOWN}: their names were not recorded.", quiet=True))
    else:
        blocks.append(Words(f"Which data it is from is {UNKNOWN}: nothing is recorded of it."))
    if label := _label(known):
        blocks.append(label)
    if known.statistics_folder:
        drawn = _drawn(known)
        blocks.append(Distributions(str(known.statistics_folder), drawn))
        others = len({name for split in known.statistics.values() for name in split.features}) - len(drawn)
        said = [f"Columns that are not drawn: {others}."] if others else []
        said += [f"Drawn is the newest of {len(inputs)} inputs."] if len(inputs) > 1 else []
        if said:
            blocks.append(Words(" ".join(said), quiet=True))
    else:
        blocks.append(Words("There are no statistics of the data: none were made, or they were removed.", quiet=True))
    return Section("Data", tuple(blocks))


def schema_section(known: Sources) -> Section:
    """Each column: its type, what it may be, and how often it is missing."""
    sources = tuple(f"Schema {one.artifact}, {one.source}." for one in known.trace.schemas)
    if not known.schema:
        why = "it cannot be read any more." if sources else "none is recorded."
        return Section("Schema", (Words(" ".join((*sources, f"What it says is {UNKNOWN}: {why}"))),))
    splits = sorted(known.statistics, key=lambda name: -known.statistics[name].examples)
    rows = [
        (
            one.name,
            one.type.lower(),
            one.domain if len(one.domain) <= _DOMAIN_SHOWN else f"{one.domain[:_DOMAIN_SHOWN]}…",
            "yes" if one.required else "no",
            *(_missing(known.statistics[split], one.name) for split in splits),
        )
        for one in known.schema
    ]
    columns = ("column", "type", "values", "required", *(f"missing, {split}" for split in splits))
    numbers = tuple(range(4, 4 + len(splits)))
    return Section("Schema", (Words(" ".join(sources)), Table(columns, tuple(rows), numbers)))


def features_section(known: Sources) -> Section:
    """Which raw columns become which inputs of the model, and how."""
    if known.features is None:
        return Section("Features", (Words(f"{UNKNOWN.capitalize()}: there is no transform graph that can be read."),))
    rows = tuple(
        (str(row["columns"]), str(row["analyzers"]) or "no analyzer", str(row["feature"]), text(row["in_model"]))
        for row in known.features.rows()
    )
    said = Words(
        "How the model's inputs are made of raw columns, read from the graph itself. "
        "A feature that is no model input does not change a prediction."
    )
    return Section("Features", (said, Table(("raw columns", "made by", "feature", "model input"), rows)))


def period_text(known: Sources) -> str:
    """The period of the data, in words; empty where no column tells of it.

    Columns that tell are whole numbers called a time or a date, in seconds, ms, us or ns since 1970, or else a year
    and a month.
    """
    told: dict[str, dict[str, tuple[datetime, datetime]]] = {}
    for split, whole in ((name, one) for each in known.every_statistics for name, one in each.items()):
        for name, feature in whole.features.items():
            if any(word in name.lower() for word in ("time", "date")) and feature.numeric and feature.type == "INT":
                for first, last in _times(feature.numeric):
                    before, after = told.setdefault(name, {}).get(split, (first, last))
                    told[name][split] = min(first, before), max(last, after)
    parts = [f"{_periods(splits)} (column {name})" for name, splits in told.items()]
    found = "; ".join(parts) or ", ".join(_calendar(known))
    inputs, left_out = len(known.trace.inputs), len(known.trace.inputs) - len(known.every_statistics)
    return f"{found}; of {left_out} of {inputs} inputs it is {UNKNOWN}" if found and left_out > 0 else found


def _periods(splits: Mapping[str, tuple[datetime, datetime]]) -> str:
    """The earliest split first."""
    ordered = sorted(splits.items(), key=lambda pair: pair[1])
    return ", ".join(f"{split} {first:%Y-%m-%d} to {last:%Y-%m-%d}" for split, (first, last) in ordered)


def _calendar(known: Sources) -> Iterator[str]:
    """Years and months, where there are columns called so."""
    for name in ("year", "month"):
        features = (split.features.get(name) for each in known.every_statistics for split in each.values())
        numbers = [feature.numeric for feature in features if feature and feature.numeric]
        if numbers:
            first, last = min(one.min for one in numbers), max(one.max for one in numbers)
            yield f"{name} {first:.0f}" + (f" to {last:.0f}" if last > first else "")


def _times(numeric: NumericStatistics) -> Iterator[tuple[datetime, datetime]]:
    """The first and the last time, in the unit that makes times of these numbers."""
    for unit in _UNITS:
        first, last = numeric.min / unit, numeric.max / unit
        if _EARLIEST <= first <= last <= _LATEST:
            yield datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)


def _facts(known: Sources) -> Iterator[tuple[str, str]]:
    inputs = known.trace.inputs
    for node, base in dict.fromkeys((one.node, one.base) for one in inputs):
        yield "read by", f"{node} from {text(base)}"
    if len(inputs) == 1:
        version = "" if inputs[0].version is None else f", version {inputs[0].version}"
        yield "span", f"{text(inputs[0].span)}{version}"
    yield "period", period_text(known) or f"{UNKNOWN}: no column of times is among the statistics"
    for split, rows in known.rows.items():
        yield f"rows, {split}", UNKNOWN if rows is None else f"{rows:,}"
    if len(inputs) == 1:
        yield "fingerprint", " ".join((inputs[0].fingerprint or UNKNOWN).split())


def _inputs(inputs: Sequence[InputData]) -> Table:
    """A row for each of several inputs."""
    rows = [
        (
            f"Examples {data.artifact}",
            text(data.span),
            ", ".join(f"{one.split} {UNKNOWN if one.rows is None else f'{one.rows:,}'}" for one in data.splits),
            " ".join((data.fingerprint or UNKNOWN).split()),
        )
        for data in inputs
    ]
    return Table(("input", "span", "rows", "fingerprint"), tuple(rows))


def _files(data: InputData) -> Iterator[tuple[str, ...]]:
    for split in data.splits:
        if split.files is None:
            if split.pattern:
                total = UNKNOWN if split.bytes is None else size(split.bytes)
                yield split.split, split.pattern, total, UNKNOWN, UNKNOWN
            continue
        for file in split.files[:_FILES_SHOWN]:
            yield split.split, file.path, size(file.bytes), utc(file.modified), file.state
        if (more := len(split.files) - _FILES_SHOWN) > 0:
            yield split.split, f"and {more} more files", "", "", ""


def _drawn(known: Sources) -> tuple[str, ...]:
    """The label, if it is a raw column, and the columns that the model depends on; of those that have values."""
    whole = max(known.statistics.values(), key=lambda one: one.examples)
    present = [name for name, feature in whole.features.items() if feature.values]
    wanted = [known.label, *known.columns] if known.columns else [known.label, *present]
    return tuple(dict.fromkeys(name for name in wanted if name in present))[:MOST_FEATURES]


def _label(known: Sources) -> Shares | None:
    """The label's share where it was made of raw columns and is 0 or 1; a raw column is drawn with the others."""
    feature = known.transformed.features.get(known.label) if known.transformed else None
    numeric = feature.numeric if feature else None
    if known.transformed is None or numeric is None or (numeric.min, numeric.max) != (0, 1):
        return None
    every = known.transformed.examples
    rows = []
    mean, count = known.overall(MEAN_LABEL), known.overall(EXAMPLE_COUNT)
    if mean is not None and count:
        split = next((name for name, rows_of in known.rows.items() if rows_of == round(count)), "")
        others = [name for name in known.rows if name != split]
        if split and others and every == sum(one or 0 for one in known.rows.values()) and every > count:
            rest = every - count
            rows.append((", ".join(others), (numeric.mean * every - mean * count) / rest, f"of {round(rest):,}"))
        rows.append((split or "evaluated", mean, f"of {round(count):,}"))
    rows.append(("all", numeric.mean, f"of {every:,}"))
    return Shares(f"Share of examples whose label, {known.label}, is 1", tuple(rows))


def _missing(split: SplitStatistics, name: str) -> str:
    feature = split.features.get(name)
    return UNKNOWN if feature is None else share_text(feature.missing_share)


def share_text(share: float) -> str:
    """A share as a percentage; a little is never none, and nearly all never all."""
    if 0 < share < 0.001:
        told = "< 0.1 %"
    elif 0.999 < share < 1:
        told = "> 99.9 %"
    else:
        told = f"{100 * share:.1f} %".replace(".0 %", " %")
    return told.replace(" ", "\N{NO-BREAK SPACE}")
