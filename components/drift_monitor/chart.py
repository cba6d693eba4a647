"""The report as a page that needs no network: how far each feature moved, and what moved in those that drifted."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from headrace.contents.drift import MISSING, Drift, FeatureDrift, drift_text
from headrace.display.style import COLOURS, FONT_SIZE, INK, LINE, template

BEFORE, AFTER, ALARM, CALM = COLOURS[5], COLOURS[0], COLOURS[4], LINE
MOST_FEATURES = 30  # of the ranking
MOST_PANELS = 12
COLUMNS = 2
BAR_HEIGHT = 24  # pixels
PANEL_TITLE = 64  # pixels, with the axis below the panel
LABEL_LENGTH = 24  # characters
FARTHEST = 10.0  # times the threshold: what is farther ends there, and its label says how far

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Drift</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif;
       max-width: 1040px; margin: 32px auto; padding: 0 20px; }}
h1 {{ font-size: 20px; margin: 0 0 4px; }} h2 {{ font-size: 15px; margin: 28px 0 4px; }}
p {{ margin: 0 0 8px; color: {ink}; }}
</style></head><body>
<h1>{headline}</h1>
<p>{subtitle}</p>
{figures}
</body></html>
"""


def chart_page(drift: Drift) -> str:
    """The page, as HTML with the script that draws it (5 MB)."""
    headline = drift_text(drift).splitlines()[0]
    figures = []
    if drift.features:
        figures.append(_section("Distance over threshold", ranking_figure(drift), first=True))
    drifted = [one for one in drift.features if one.drifted and one.shares and one.measure != MISSING][:MOST_PANELS]
    if drifted:
        figures.append(_section("What moved", shares_figure(drifted), first=False))
    return _PAGE.format(headline=html.escape(headline), subtitle=_subtitle(drift), figures="\n".join(figures), ink=INK)


def ranking_figure(drift: Drift) -> go.Figure:
    """A bar for each feature, by the measure that is farthest over its threshold; the farthest first."""
    farthest = {one.feature: one for one in reversed(drift.features)}
    shown = sorted(farthest.values(), key=lambda one: -one.excess)[:MOST_FEATURES]
    names = [f"<b>{_short(one.feature)}</b> {one.measure_name}" for one in shown]
    figure = go.Figure(
        go.Bar(
            x=[min(one.excess, FARTHEST) for one in shown],
            y=names,
            orientation="h",
            marker_color=[ALARM if one.drifted else CALM for one in shown],
            text=[_figures(one) for one in shown],
            textposition="outside",
            cliponaxis=False,
            customdata=[str(one) for one in shown],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    longest = max(min(one.excess, FARTHEST) for one in shown)
    figure.add_vline(x=1, line_color=INK, line_dash="dot", annotation_text="threshold", annotation_position="top")
    figure.update_xaxes(range=[0, max(1.3, longest) * 1.25], title_text="times the threshold")
    figure.update_yaxes(autorange="reversed", ticks="", showgrid=False)
    return figure.update_layout(
        template=template(),
        height=BAR_HEIGHT * len(shown) + 90,
        margin={"l": 330, "r": 10, "t": 30, "b": 44},
        bargap=0.35,
    )


def shares_figure(features: Sequence[FeatureDrift]) -> go.Figure:
    """A panel for each feature: the shares of its values before and after."""
    rows = [features[index : index + COLUMNS] for index in range(0, len(features), COLUMNS)]
    heights = [max(len(one.shares) for one in row) * BAR_HEIGHT * 1.3 + PANEL_TITLE for row in rows]
    figure = make_subplots(
        len(rows),
        COLUMNS,
        row_heights=heights,
        horizontal_spacing=0.22,
        vertical_spacing=min(PANEL_TITLE / sum(heights), 0.9 / len(rows)),
        subplot_titles=[f"<b>{_short(one.feature)}</b> {_figures(one)}" for one in features],
    )
    for index, one in enumerate(features):
        most = max(len(each.shares) for each in rows[index // COLUMNS])  # bars as thick as the neighbour's
        row, column = index // COLUMNS + 1, index % COLUMNS + 1
        labels = [_short(share.value) for share in one.shares]
        sides = (("before", BEFORE, [s.before for s in one.shares]), ("after", AFTER, [s.after for s in one.shares]))
        for name, colour, shares in sides:
            figure.add_bar(
                x=shares,
                y=labels,
                orientation="h",
                name=name,
                legendgroup=name,
                showlegend=not index,
                marker_color=colour,
                hovertemplate="%{y}: %{x:.1%}<extra>" + name + "</extra>",
                row=row,
                col=column,
            )
        figure.update_yaxes(range=[most - 0.5, -0.5], row=row, col=column)
    figure.update_xaxes(tickformat=".0%", rangemode="tozero", nticks=5)
    figure.update_yaxes(ticks="", showgrid=False, type="category")
    figure.update_annotations(font_size=FONT_SIZE, xanchor="left", align="left")
    for index, annotation in enumerate(figure.layout.annotations):
        annotation.x = figure.get_subplot(index // COLUMNS + 1, index % COLUMNS + 1).xaxis.domain[0]
    return figure.update_layout(
        template=template(),
        height=sum(heights) + 60,
        margin={"l": 170, "r": 10, "t": 64, "b": 30},
        barmode="group",
        bargap=0.25,
        bargroupgap=0,
        legend={"yref": "container", "y": 0.995, "yanchor": "top", "traceorder": "normal"},
    )


def _section(title: str, figure: go.Figure, *, first: bool) -> str:
    drawn = figure.to_html(full_html=False, include_plotlyjs=first, config={"displayModeBar": False})
    return f"<h2>{title}</h2>\n{drawn}"


def _subtitle(drift: Drift) -> str:
    parts = [f"after: {_data(drift.after.artifacts, drift.after.spans)}"]
    if drift.before:
        parts.insert(0, f"before: {_data(drift.before.artifacts, drift.before.spans)}")
        parts.append(f"at most {100 * drift.false_alarm_rate:.3g} % of reports on unchanged data tell of a drift")
    if drift.untold:
        parts.append("cannot be told: " + ", ".join(drift.untold))
    if drift.not_compared:
        parts.append("not compared: " + ", ".join(f"{one.feature} ({one.why})" for one in drift.not_compared))
    return html.escape("; ".join(parts))


def _data(artifacts: Sequence[int], spans: Sequence[int]) -> str:
    ids = ", ".join(map(str, artifacts))
    return f"statistics {ids} of span {', '.join(map(str, spans))}" if any(spans) else f"statistics {ids}"


def _figures(one: FeatureDrift) -> str:
    return f"{one.distance:.3f}, allowed {one.threshold:.3f}" if one.threshold else one.threshold_from


def _short(text: str) -> str:
    return html.escape(text if len(text) <= LABEL_LENGTH else f"{text[: LABEL_LENGTH - 1]}…")
