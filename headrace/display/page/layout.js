// Where nodes and edges lie: left to right, by dagre.
const SIZES = {
  execution: { height: 46, base: 13, font: "600 13px system-ui, sans-serif", left: 38, right: 12, least: 124, most: 230, far: [24, 20] },
  artifact: { height: 34, base: 12, font: "12px system-ui, sans-serif", left: 24, right: 11, least: 72, most: 220, far: [17, 15] },
};
const LARGE = 900; // nodes; more are ranked in a quicker way, which makes longer edges
const READABLE = 0.47; // scale; no view begins smaller than this
const MOST_STRETCH = 1.7;
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

// Gives each node a width, a label that fits, and for the view from afar its lines and their largest type.
function sizeNodes(nodes) {
  for (const node of nodes) {
    const size = SIZES[node.kind];
    const artifact = node.kind === "artifact";
    const room = size.left + size.right;
    const detail = artifact ? 0 : measured(node.detail, "11px system-ui, sans-serif");
    const wanted = Math.max(measured(node.name, size.font), detail) + room;
    node.width = Math.ceil(Math.min(size.most, Math.max(size.least, wanted)));
    node.height = size.height;
    node.label = shortened(node.name, size.font, node.width - room);
    const inner = node.width - (artifact ? 18 : size.left + 8);
    const largest = (lines) => {
      const widest = Math.max(1, ...lines.map((line) => measured(line, size.font)));
      return { lines, far: Math.min(size.far[lines.length - 1], (size.base * inner) / widest) };
    };
    Object.assign(node, d3.greatest([[node.name], inTwo(node.name, size.font)].map(largest), ({ far }) => far));
  }
}

// A name in two lines as even as its words allow: Example Validator, latest_ blessed_model.
function inTwo(name, font) {
  const words = name.match(/[A-Z]*[^A-Z_.\s]*[_.\s]?/g).filter(Boolean);
  const cuts = words.map((_, index) => [words.slice(0, index).join(""), words.slice(index).join("")]);
  return d3.least(cuts, (lines) => d3.max(lines, (line) => measured(line, font))).filter(Boolean);
}

// The nodes and edges of a view: all, or executions alone, joined by what they hand on.
function viewOf(data, executionsOnly) {
  if (!executionsOnly) return { nodes: data.nodes, edges: data.edges };
  const nodes = data.nodes.filter((node) => node.kind === "execution");
  const ids = new Set(nodes.map((node) => node.id));
  const readers = d3.group(data.edges.filter((edge) => ids.has(edge.target)), (edge) => edge.source);
  const joined = new Map();
  for (const made of data.edges.filter((edge) => ids.has(edge.source))) {
    for (const read of readers.get(made.target) ?? []) {
      const key = `${made.source} ${read.target}`;
      const edge = joined.get(key) ?? { source: made.source, target: read.target, keys: new Set() };
      edge.keys.add(read.key);
      joined.set(key, edge);
    }
  }
  for (const chosen of data.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target))) {
    joined.set(`${chosen.source} ${chosen.target}`, { ...chosen, keys: new Set([chosen.key]) });
  }
  return { nodes, edges: [...joined.values()].map((edge) => ({ ...edge, key: [...edge.keys].join(", ") })) };
}

// Places of the nodes' middles, points of the edges, and the size of it all; drawn out towards the shape of the view.
function layOut({ nodes, edges }, view) {
  const graph = new dagre.graphlib.Graph();
  const ranker = nodes.length > LARGE ? "longest-path" : "network-simplex";
  graph.setGraph({ rankdir: "LR", nodesep: 14, edgesep: 10, ranksep: 38, marginx: 20, marginy: 20, ranker });
  for (const node of nodes) graph.setNode(node.id, { width: node.width, height: node.height });
  for (const edge of edges) graph.setEdge(edge.source, edge.target, {});
  dagre.layout(graph);
  const { width = 1, height = 1 } = nodes.length ? graph.graph() : {};
  const shape = view.width / view.height;
  const across = stretch(Math.min((shape * height) / width, view.width / READABLE / width));
  const down = stretch(width / height / shape);
  const drawnOut = ({ x, y }) => ({ x: x * across, y: y * down });
  const places = new Map(nodes.map((node) => [node.id, drawnOut(graph.node(node.id))]));
  const halves = new Map(nodes.map((node) => [node.id, node.width / 2]));
  const columns = d3.rollup(nodes, (column) => d3.max(column, (node) => node.width / 2), (node) => Math.round(graph.node(node.id).x));
  // An edge passes a column of nodes in a straight lane, and bends between columns.
  const lane = (point) => {
    const half = columns.get(Math.round(point.x));
    const { x, y } = drawnOut(point);
    return half === undefined ? [] : [{ x: x - half, y }, { x: x + half, y }];
  };
  const points = edges.map(({ source, target }) => {
    const [from, to] = [places.get(source), places.get(target)];
    const lanes = graph.edge(source, target).points.slice(1, -1).flatMap(lane);
    return [{ x: from.x + halves.get(source), y: from.y }, ...lanes, { x: to.x - halves.get(target), y: to.y }];
  });
  return { places, points, width: width * across, height: height * down };
}

function stretch(factor) {
  return Math.min(MOST_STRETCH, Math.max(1, factor));
}
