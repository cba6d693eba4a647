// Where nodes and edges lie: in the direction that data flow, by dagre; from left to right, or down where there is less room.
const SIZES = {
  roomy: {
    execution: { height: 46, base: 13, font: "600 13px system-ui, sans-serif", band: 28, left: 38, right: 12, least: 124, most: 230, far: [24, 20] },
    artifact: { height: 34, base: 12, font: "12px system-ui, sans-serif", left: 24, right: 11, least: 72, most: 220, far: [17, 15] },
    between: { nodesep: 14, edgesep: 10, ranksep: 38, marginx: 20, marginy: 20 },
  },
  // For many nodes: names in two lines, and nothing else.
  compact: {
    execution: { height: 36, base: 13, font: "600 13px system-ui, sans-serif", band: 22, left: 29, right: 8, least: 60, most: 190, far: [20, 15] },
    artifact: { height: 26, base: 12, font: "12px system-ui, sans-serif", left: 22, right: 9, least: 60, most: 190, far: [17, 15] },
    between: { nodesep: 6, edgesep: 4, ranksep: 24, marginx: 10, marginy: 10 },
  },
};
const LARGE = 900; // nodes; more are ranked in a quicker way, which makes longer edges
const ROOMY = 0.85; // scale; what does not fit with this is laid out compactly
const LEGIBLE = 0.7; // scale; no view of executions begins smaller than this
const READABLE = 0.47; // scale; nor any other view than this, in which names are larger
const NARROW = 640; // pixels; in a view that is narrower, data flow down
const MOST_STRETCH = 1.7;
const LINE = 14.5; // pixels between the lines of a name
const ruler = document.createElement("canvas").getContext("2d");

function measured(text, font) {
  ruler.font = font;
  return ruler.measureText(text).width;
}

// The longest beginning of a text that is no wider, in pixels.
function shortened(text, font, width) {
  if (measured(text, font) <= width) return text;
  let length = text.length;
  while (length > 1 && measured(`${text.slice(0, length)}…`, font) > width) length -= 1;
  return `${text.slice(0, length)}…`;
}

// How large a node is, the lines of its name, and for the view from afar those lines with their largest type.
function sizeOf(node, style) {
  const size = SIZES[style][node.kind];
  const artifact = node.kind === "artifact";
  const short = style === "compact" && !artifact;
  const name = [node.name, node.span].filter(Boolean);
  const whole = name.join(" ");
  const lines = short ? narrowest([name, inTwo(whole, size.font)], size.font) : [artifact ? whole : node.name];
  const room = size.left + size.right;
  const detail = artifact || short ? 0 : measured(node.detail, "11px system-ui, sans-serif");
  const wanted = Math.max(detail, ...lines.map((line) => measured(line, size.font))) + room;
  const width = Math.ceil(Math.min(size.most, Math.max(size.least, wanted)));
  const inner = width - (artifact ? 18 : size.left + 8);
  const largest = (some) => {
    const widest = Math.max(1, ...some.map((line) => measured(line, size.font)));
    return { afar: some, far: Math.min(size.far[some.length - 1], (size.base * inner) / widest) };
  };
  const afar = [name, inTwo(whole, size.font)].map(largest);
  return {
    ...size,
    width,
    short,
    lines: lines.map((line) => shortened(line, size.font, width - room)),
    ...d3.greatest(afar, ({ far }) => far),
  };
}

function narrowest(choices, font) {
  return d3.least(choices, (lines) => d3.max(lines, (line) => measured(line, font)));
}

// A name in two lines as even as its words allow: Example Validator, latest_ blessed_model.
function inTwo(name, font) {
  const words = name.match(/[A-Z]*[^A-Z_.\s]*[_.\s]?/g).filter(Boolean);
  const cuts = words.map((_, index) => [words.slice(0, index).join(""), words.slice(index).join("")]);
  return narrowest(cuts, font).filter(Boolean);
}

// The nodes and edges of a view: all executions with some artifacts, joined by what they hand on; all without `shown`.
function viewOf(data, shown) {
  if (shown === null) return { nodes: data.nodes, edges: data.edges };
  const nodes = data.nodes.filter((node) => node.kind === "execution" || shown.has(node.id));
  const ids = new Set(nodes.map((node) => node.id));
  const [drawn, hidden] = [[], []];
  for (const edge of data.edges) (ids.has(edge.source) && ids.has(edge.target) ? drawn : hidden).push(edge);
  const readers = d3.group(hidden.filter((edge) => ids.has(edge.target)), (edge) => edge.source);
  const joined = new Map();
  for (const made of hidden.filter((edge) => ids.has(edge.source))) {
    for (const read of readers.get(made.target) ?? []) {
      const key = `${made.source} ${read.target}`;
      const edge = joined.get(key) ?? { source: made.source, target: read.target, keys: new Set() };
      edge.keys.add(read.key);
      joined.set(key, edge);
    }
  }
  for (const edge of drawn) joined.delete(`${edge.source} ${edge.target}`);
  return { nodes, edges: [...drawn, ...[...joined.values()].map((edge) => ({ ...edge, key: [...edge.keys].join(", ") }))] };
}

// Places of the nodes' middles and their sizes, points of the edges, and the size of it all; in the style that fits, or
// in a given one.
function layOut(view, window, style) {
  if (style) return laidOut(view, window, style);
  const roomy = laidOut(view, window, "roomy");
  return fittingScale(roomy, window) < ROOMY ? laidOut(view, window, "compact") : roomy;
}

function fittingScale(layout, window) {
  return Math.min(1.25, window.width / layout.width, window.height / layout.height);
}

// One such layout, drawn out towards the shape of the window.
function laidOut({ nodes, edges }, window, style) {
  const down = window.width < NARROW;
  const turned = ({ x, y }) => (down ? { x: y, y: x } : { x, y });
  const across = down ? { width: window.height, height: window.width } : window;
  const sizes = new Map(nodes.map((node) => [node.id, sizeOf(node, style)]));
  const length = (id) => (down ? sizes.get(id).height : sizes.get(id).width); // along the flow
  const graph = new dagre.graphlib.Graph();
  const ranker = nodes.length > LARGE ? "longest-path" : "network-simplex";
  graph.setGraph({ rankdir: "LR", ...SIZES[style].between, ranker });
  for (const node of nodes) {
    const { width, height } = sizes.get(node.id);
    graph.setNode(node.id, down ? { width: height, height: width } : { width, height });
  }
  for (const edge of edges) graph.setEdge(edge.source, edge.target, {});
  dagre.layout(graph);
  const whole = nodes.length ? graph.graph() : { width: 1, height: 1 };
  const placed = new Map(nodes.map((node) => {
    const { x, y, width, height } = graph.node(node.id);
    return [node.id, { x, y, length: width, breadth: height, column: Math.round(x) }];
  }));
  const wrapped = style === "compact" ? wrapColumns(placed, whole, across, SIZES[style].between) : null;
  const { width, height } = wrapped ?? whole;
  const shape = across.width / across.height;
  const longer = stretch(Math.min((shape * height) / width, across.width / READABLE / width));
  const wider = stretch(width / height / shape);
  const drawnOut = ({ x, y }) => ({ x: x * longer, y: y * wider });
  const places = new Map([...placed].map(([id, place]) => [id, drawnOut(place)]));
  const columns = d3.rollup(placed.values(), (column) => d3.max(column, (node) => node.length / 2), (node) => node.column);
  // An edge passes a column of nodes in a straight lane, and bends between columns.
  const lane = (point) => {
    const column = Math.round(point.x);
    const half = columns.get(column);
    if (half === undefined) return [];
    const y = point.y * (wrapped?.factor ?? 1) * wider;
    const span = wrapped?.spans.get(column);
    const [from, to] = span ? [span.start * longer, span.end * longer] : [point.x * longer - half, point.x * longer + half];
    return [{ x: from, y }, { x: to, y }];
  };
  const points = edges.map(({ source, target }) => {
    const [from, to] = [places.get(source), places.get(target)];
    const lanes = graph.edge(source, target).points.slice(1, -1).flatMap(lane);
    const ends = [{ x: from.x + length(source) / 2, y: from.y }, { x: to.x - length(target) / 2, y: to.y }];
    return [ends[0], ...lanes, ends[1]].map(turned);
  });
  const all = turned({ x: width * longer, y: height * wider });
  const turnedPlaces = new Map([...places].map(([id, place]) => [id, turned(place)]));
  return { down, style, sizes, places: turnedPlaces, points, width: all.x, height: all.y };
}

function stretch(factor) {
  return Math.min(MOST_STRETCH, Math.max(1, factor));
}
