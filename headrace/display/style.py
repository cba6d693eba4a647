"""The look that all figures share, and how they reach a notebook."""

from collections.abc import Iterable

import plotly.graph_objects as go
import plotly.io as pio

# Okabe and Ito's palette: told apart with any colour vision, and on white as on black.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
INK = "#7c7c7c"  # text with the same contrast on white as on black
LINE = "rgba(124, 124, 124, 0.35)"
FONT_SIZE = 12  # pixels


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, in order; they repeat after six."""
    return {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(names)}


def template() -> go.layout.Template:
    """A restrained template for light and dark pages: no background of its own, thin lines, one type size."""
    title = {"font": {"size": FONT_SIZE}}
    axis = {
        "gridcolor": LINE,
        "linecolor": LINE,
        "zeroline": False,
        "ticks": "outside",
        "tickcolor": LINE,
        "ticklen": 3,
        "title": title,
    }
    layout = go.Layout(
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif", "size": FONT_SIZE},
        font_color=INK,
        colorway=list(COLOURS),
        title={"x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "pad": {"l": 12, "t": 12}},
        title_font_size=FONT_SIZE + 3,
        xaxis={**axis, "title": {**title, "standoff": 6}},  # farther, the margin cuts it
        yaxis=axis,
        hoverlabel={"align": "left"},
        legend_title_font_size=FONT_SIZE,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": LINE, "activecolor": INK},
    )
    return go.layout.Template(layout=layout)


def offline() -> None:
    """Makes this notebook's figures show without a network, here and in its HTML export. Call it once.

    A figure is data, and a script of Plotly's draws it. Plotly's own choice in a notebook is the
    data alone (`plotly_mimetype`), which stays blank where no extension brings the script, as in
    an HTML export. `notebook` puts the whole script (5 MB) above the first figure that is shown,
    once, for every later one to use. The export is then one file whose figures need nothing else;
    the network is only asked for MathJax, which no figure here uses.
    """
    pio.renderers.default = "plotly_mimetype+notebook"
