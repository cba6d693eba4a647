"""The pictures of a model card's blocks, each with a name."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from headrace.contents.model_card import Curves, Distributions, Dots, Picture, Shares, Steps
from headrace.contents.plots import read_plots
from headrace.contents.statistics import read_statistics
from headrace.display.card_charts import curves, dots
from headrace.display.card_panels import legend, panel, shares
from headrace.display.card_steps import steps_picture
from headrace.display.style import colours


def pictures_of(block: Picture) -> Iterator[tuple[str, Element]]:
    """The pictures of a block: a name for its file, and what is drawn.

    Raises:
        FileNotFoundError: what it draws was removed since.
    """
    match block:
        case Shares():
            yield "label", shares(block)
        case Dots():
            yield f"{block.metric} by {block.feature}", dots(block)
        case Curves():
            yield from curves(read_plots(Path(block.evaluation)))
        case Steps():
            yield "steps", steps_picture(block)
        case Distributions():
            statistics = read_statistics(Path(block.statistics))
            largest = sorted(statistics, key=lambda split: -statistics[split].examples)
            palette = colours(largest)
            yield "splits", legend(statistics, palette)
            for name in block.features:
                features = {
                    split: statistics[split].features[name] for split in largest if name in statistics[split].features
                }
                yield f"column {name}", panel(name, features, palette)
