"""Card: what a person should know of a model, in the order in which people ask."""

from headrace.contents.metrics import metric_text
from headrace.contents.model_card import Author, Figure, ModelCard, Section, Words
from headrace.lineage.card_data import data_section, features_section, schema_section
from headrace.lineage.card_limits import limits_section
from headrace.lineage.card_making import lineage_section, push_section, training_section
from headrace.lineage.card_quality import quality_section
from headrace.lineage.card_sources import Sources, sources_of, utc
from headrace.lineage.shown import UNKNOWN, text
from headrace.lineage.trace import Trace
from headrace.metadata.store import MetadataStore

SMALLEST_SLICE = 100  # examples


def card_of(
    store: MetadataStore,
    subject: Trace,
    author: Author,
    evaluation: int | None = None,
    smallest_slice: int = SMALLEST_SLICE,
) -> ModelCard:
    """The card of the model that a trace leads to.

    Args:
        store: where its trace is from.
        subject: the trace of a model, of what was pushed or of a run.
        author: what only its author can say.
        evaluation: the ModelEvaluation artifact that is shown; the newest one, if it is None.
        smallest_slice: metrics of slices of fewer examples are marked as unreliable.

    Raises:
        UnknownNameError: there is no model in the trace, or no such evaluation of it.
    """
    known = sources_of(store, subject, evaluation)
    sections = (
        _purpose_section(author),
        push_section(known),
        quality_section(known, smallest_slice),
        limits_section(known, author, smallest_slice),
        data_section(known),
        schema_section(known),
        features_section(known),
        training_section(known),
        lineage_section(known),
    )
    pipeline = known.run.pipeline if known.run else ""
    made = f"Model {known.model.id}" + (f" of the pipeline {pipeline}" if pipeline else "")
    by = f", by {text(known.run.user)} on {text(known.run.host)}" if known.run else ""
    title = author.title or (f"{pipeline}: Model {known.model.id}" if pipeline else made)
    subtitle = f"Model card of {made}, made on {utc(known.model.created)}{by}"
    return ModelCard(known.model.id, title, subtitle, tuple(_figures(known)), sections)


def _purpose_section(author: Author) -> Section:
    use = Words(author.intended_use) if author.intended_use else Words("The author has not said.", quiet=True)
    owner = Words(f"Owner: {author.owner or UNKNOWN}", quiet=not author.owner)
    return Section("What it is for", (use, owner))


def _figures(known: Sources) -> list[Figure]:
    pushed = [one for one in known.trace.pushes if one.pushed]
    if pushed:
        gone = "" if pushed[-1].present else "; the folder is gone"
        found = [Figure("Status", "Pushed", f"{utc(pushed[-1].time)}{gone}", "plain" if gone else "good")]
    else:
        why = "no push of it was recorded" if not known.trace.pushes else "the Pusher left it where it was"
        found = [Figure("Status", "Not pushed", why)]
    found.append(_verdict_figure(known))
    if known.metric and (value := known.overall(known.metric)) is not None:
        count = known.evaluated
        note = "on all examples" if count is None else f"on {count:,} examples"
        found.append(Figure(metric_text(known.metric), f"{value:.3f}", note))
    rows = known.rows
    split = "train" if "train" in rows else next(iter(rows), "")
    count = rows.get(split)
    note = f"rows, split {split}" if split else "of which data was not recorded"
    return [*found, Figure("Learned from", UNKNOWN if count is None else f"{count:,}", note)]


def _verdict_figure(known: Sources) -> Figure:
    one = known.evaluation
    if one is None:
        return Figure("Verdict", "Not evaluated", "no evaluation of it was recorded")
    if one.blessed is None:
        return Figure("Verdict", UNKNOWN, "no verdict was recorded")
    if one.blessed:
        return Figure("Verdict", "Blessed", "; ".join(one.thresholds) or "no threshold was set", "good")
    return Figure("Verdict", "Not blessed", f"{len(one.failures or ())} thresholds did not hold", "bad")
