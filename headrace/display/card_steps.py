"""A picture of the steps that made a model: layer after layer, each behind those whose outputs it read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element

from headrace.contents.model_card import StepBox, Steps
from headrace.display.markup import element, picture, shortened, text

_WIDTH, _HEIGHT = 148, 46  # pixels of a box
_LANE = 20  # pixels that an arrow takes which passes a layer
_BETWEEN, _BESIDE = 40, 16  # pixels between layers, and between what is in one
_SWEEPS = 8

Spot = tuple[int, ...]  # a step; or the two ends of an arrow, and a layer that it passes


@dataclass(frozen=True)
class _Place:
    """The middle of a box, or of where an arrow passes: along the layers, and across."""

    along: float
    across: float


def steps_picture(block: Steps, *, down: bool = False) -> Element:
    """The steps from the left to the right, or from the top down, for narrow pages."""
    boxes = {one.id: one for one in block.boxes}
    layers = _layers(boxes, block.arrows)
    routes = _routes(layers, block.arrows)
    order = _ordered(layers, routes)
    along, across = (_HEIGHT, _WIDTH) if down else (_WIDTH, _HEIGHT)
    places, length, breadth = _placed(order, along, across)
    shapes = [_arrow([places[spot] for spot in route], along / 2, down=down) for route in routes]
    shapes += [_box(box, places[(box.id,)], down=down) for box in boxes.values()]
    width, height = (breadth, length) if down else (length, breadth)
    names = " → ".join(boxes[step].title for layer in order for step, *passing in layer if not passing)
    return picture(width + 4, height + 4, f"the steps that made the model: {names}", *shapes)


def _layers(boxes: Mapping[int, StepBox], arrows: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Each step's layer: one behind the last of those it read from. Executions only read what was made before."""
    layers: dict[int, int] = {}
    for step in sorted(boxes):
        layers[step] = max((layers[start] + 1 for start, end in arrows if end == step and start in layers), default=0)
    # What nothing was read for goes to where it is used.
    for step in sorted(boxes):
        used = [layers[end] for start, end in arrows if start == step]
        if used and not any(end == step for _, end in arrows):
            layers[step] = min(used) - 1
    return layers


def _routes(layers: Mapping[int, int], arrows: Sequence[tuple[int, int]]) -> list[list[Spot]]:
    """The way of each arrow: from its step through the layers between to the other."""
    return [
        [(start,), *((start, end, layer) for layer in range(layers[start] + 1, layers[end])), (end,)]
        for start, end in arrows
    ]


def _ordered(layers: Mapping[int, int], routes: Sequence[Sequence[Spot]]) -> list[list[Spot]]:
    """What is in each layer, in an order in which few arrows cross: each near the mean place of its neighbours."""
    order: list[list[Spot]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for step, layer in layers.items():
        order[layer].append((step,))
    for route in routes:
        for spot in route[1:-1]:
            order[spot[-1]].append(spot)
    before: dict[Spot, list[Spot]] = {}
    after: dict[Spot, list[Spot]] = {}
    for route in routes:
        for start, end in pairwise(route):
            before.setdefault(end, []).append(start)
            after.setdefault(start, []).append(end)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for index in range(1, len(order)) if forth else range(len(order) - 2, -1, -1):
            neighbours = order[index - 1 if forth else index + 1]
            spots = {spot: place for place, spot in enumerate(neighbours)}
            linked = before if forth else after
            order[index] = _by_mean(order[index], linked, spots)
    return order


def _by_mean(layer: list[Spot], linked: Mapping[Spot, list[Spot]], spots: Mapping[Spot, int]) -> list[Spot]:
    means = {}
    for place, spot in enumerate(layer):
        around = [spots[one] for one in linked.get(spot, ()) if one in spots]
        means[spot] = sum(around) / len(around) if around else float(place)
    return sorted(layer, key=lambda spot: means[spot])


def _placed(order: Sequence[Sequence[Spot]], along: float, across: float) -> tuple[dict[Spot, _Place], float, float]:
    """Where everything is; the length and the breadth of it all, in pixels."""
    sizes = [[_LANE if passing else across for _, *passing in layer] for layer in order]
    breadths = [sum(ones) + _BESIDE * (len(ones) - 1) for ones in sizes]
    breadth = max(breadths, default=0.0)
    places = {}
    for index, layer in enumerate(order):
        edge = 2 + (breadth - breadths[index]) / 2
        for spot, size in zip(layer, sizes[index], strict=True):
            places[spot] = _Place(2 + index * (along + _BETWEEN) + along / 2, edge + size / 2)
            edge += size + _BESIDE
    return places, len(order) * (along + _BETWEEN) - _BETWEEN, breadth


def _arrow(way: Sequence[_Place], half: float, *, down: bool) -> Element:
    """A curve from the end of a box through the middle of others' layers to the beginning of another box."""
    points = [(way[0].along + half, way[0].across)]
    for place in way[1:-1]:
        points += [(place.along - half, place.across), (place.along + half, place.across)]
    points.append((way[-1].along - half - 5, way[-1].across))
    path = f"M{_at(points[0], down=down)}"
    for index, (start, end) in enumerate(pairwise(points)):
        if index % 2:  # straight through a layer
            path += f"L{_at(end, down=down)}"
        else:
            bend = (start[0] + end[0]) / 2
            path += f"C{_at((bend, start[1]), down=down)} {_at((bend, end[1]), down=down)} {_at(end, down=down)}"
    tip, side = points[-1], 4
    head = f"M{_at((tip[0] + 5, tip[1]), down=down)}L{_at((tip[0] - 2, tip[1] - side), down=down)}"
    head += f"M{_at((tip[0] + 5, tip[1]), down=down)}L{_at((tip[0] - 2, tip[1] + side), down=down)}"
    last = f"M{_at(tip, down=down)}L{_at((tip[0] + 5, tip[1]), down=down)}"
    return element("path", d=f"{path}{last}{head}", fill="none", class_="edge", stroke_width=1.25)


def _at(point: tuple[float, float], *, down: bool) -> str:
    x, y = reversed(point) if down else point
    return f"{x:.1f} {y:.1f}"


def _box(box: StepBox, place: _Place, *, down: bool) -> Element:
    x, y = (place.across, place.along) if down else (place.along, place.across)
    kind = "box subject" if box.is_subject else "box"
    corner = {"x": x - _WIDTH / 2, "y": y - _HEIGHT / 2}
    return element(
        "g",
        element("rect", **corner, width=_WIDTH, height=_HEIGHT, rx=6, class_=kind),
        text(x, y - 3, shortened(box.title, 20), text_anchor="middle", font_weight="600"),
        text(x, y + 13, shortened(box.detail, 24), text_anchor="middle", class_="dim", font_size=10.5),
    )
