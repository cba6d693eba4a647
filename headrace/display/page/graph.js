// The picture: nodes and edges, zoom and pan, the chosen node with what it came from and what came of it.
const FAR = 0.55; // scale below which labels grow and details go

class Picture {
  constructor(svg, data, choose) {
    this.svg = d3.select(svg);
    this.data = data;
    this.byId = new Map(data.nodes.map((node) => [node.id, node]));
    this.makers = new Map(data.edges.filter((edge) => edge.target.startsWith("a")).map((e) => [e.target, e.source]));
    this.choose = choose;
    this.layouts = new Map();
    this.chosen = null;
    this._define();
    this.canvas = this.svg.append("g");
    this.zoom = d3.zoom().scaleExtent([0.03, 4]).on("zoom", ({ transform }) => this._zoomed(transform));
    this.svg.call(this.zoom).on("dblclick.zoom", null);
    this.svg.on("click", (event) => event.target === svg && this.choose(null));
  }

  // Shows all artifacts, or those alone that are around what is chosen.
  show(all) {
    this.all = all;
    this._view();
    this.begin();
    this.mark();
  }

  // The layout that is due, drawn.
  _view() {
    const around = this.all ? [] : this._around(this.chosen);
    const key = this.all ? "all" : around.join(" ");
    if (!this.layouts.has(key)) {
      const view = viewOf(this.data, this.all ? null : new Set(around));
      const style = this.all ? undefined : this.layouts.get("")?.style; // boxes stay as they are when others appear
      this.layouts.set(key, { ...view, ...layOut(view, this._size(), style), ...neighboursOf(view.edges) });
    }
    const before = this.view;
    this.view = this.layouts.get(key);
    if (before !== this.view) this._draw();
  }

  // The artifacts to show with a node: what an execution read and made, or an artifact itself.
  _around(id) {
    if (id === null || this.byId.get(id).kind === "artifact") return id === null ? [] : [id];
    const ends = this.data.edges.flatMap(({ source, target }) => (source === id ? [target] : target === id ? [source] : []));
    return [...new Set(ends)].filter((end) => this.byId.get(end).kind === "artifact");
  }

  // Draws what is chosen with its artifacts; where it was in the window, it stays.
  _viewAround(id) {
    const anchor = id ?? this.chosen;
    const [before, was] = [d3.zoomTransform(this.svg.node()), this.view.places.get(this.placed(anchor))];
    this.chosen = id;
    this._view();
    const now = this.view.places.get(this.placed(anchor));
    if (!was || !now) return;
    const [left, top] = before.apply([was.x, was.y]);
    this._move(d3.zoomIdentity.translate(left - before.k * now.x, top - before.k * now.y).scale(before.k), 0);
  }

  // The id of what stands for a node in this view: its maker, where artifacts are hidden.
  placed(id) {
    if (id === null || this.view.places.has(id)) return id;
    const maker = this.makers.get(id);
    return this.view.places.has(maker) ? maker : null;
  }

  mark(id = this.chosen) {
    if (id !== this.chosen && !this.all) this._viewAround(id);
    this.chosen = id;
    const here = this.placed(id);
    const up = reached(here, this.view.before);
    const down = reached(here, this.view.after);
    this.canvas.classed("focused", here !== null);
    this.nodes
      .classed("chosen", (node) => node.id === here)
      .classed("up", (node) => up.has(node.id))
      .classed("down", (node) => down.has(node.id))
      .attr("aria-pressed", (node) => node.id === here);
    this.edges
      .classed("up", (edge) => edge.target === here || up.has(edge.target))
      .classed("down", (edge) => edge.source === here || down.has(edge.source));
    this.edges.filter(".up, .down").raise();
    const first = here ?? this.view.nodes[0]?.id;
    this.nodes.attr("tabindex", (node) => (node.id === first ? 0 : -1));
  }

  highlight(ids) {
    this.canvas.classed("searched", ids !== null);
    const found = new Set((ids ?? []).map((id) => this.placed(id)));
    this.nodes.classed("found", (node) => found.has(node.id));
  }

  // Moves the view so that a node is in it; to its middle, if it was outside.
  reveal(id, focus = false) {
    const here = this.placed(id);
    if (here === null) return;
    const { x, y } = this.view.places.get(here);
    const { width, height } = this._size();
    const now = d3.zoomTransform(this.svg.node());
    const scale = Math.max(now.k, READABLE);
    const [left, top] = now.apply([x, y]);
    const inside = left > 90 && left < width - 90 && top > 40 && top < height - 40;
    if (!inside || scale !== now.k) {
      this._move(d3.zoomIdentity.translate(width / 2 - scale * x, height / 2 - scale * y).scale(scale));
    }
    if (focus) this.nodes.filter((node) => node.id === here).node().focus({ preventScroll: true });
  }

  fit() {
    this._move(this._fitting());
  }

  // Where a view starts: all of it, if that can be read; else what was asked for, or the first corner.
  begin() {
    const whole = this._fitting();
    const asked = this.view.nodes.find((node) => node.asked);
    const { x, y } = asked ? this.view.places.get(asked.id) : { x: 0, y: 0 };
    const { width, height } = this._size();
    const scale = Math.max(whole.k, this.all ? READABLE : LEGIBLE);
    const start = (size, length, middle) =>
      size * scale < length ? (length - size * scale) / 2 : Math.max(length - size * scale, Math.min(0, length / 2 - middle * scale));
    const [left, top] = [start(this.view.width, width, x), start(this.view.height, height, y)];
    this._move(d3.zoomIdentity.translate(left, top).scale(scale), 0);
  }

  zoomBy(factor) {
    this.svg.interrupt().call(this.zoom.scaleBy, factor);
  }

  // The neighbour of a node in a direction: along an edge, or the next one above or below.
  neighbour(id, direction) {
    const here = this.placed(id);
    if (here === null) return this.view.nodes[0]?.id ?? null;
    const at = this.view.places.get(here);
    const distance = (other) => Math.abs(this.view.places.get(other).y - at.y);
    if (direction === "left" || direction === "right") {
      const next = [...((direction === "left" ? this.view.before : this.view.after).get(here) ?? [])];
      return d3.least(next, distance) ?? here;
    }
    const sign = direction === "up" ? -1 : 1;
    const column = this.view.nodes.filter((node) => {
      const place = this.view.places.get(node.id);
      return Math.abs(place.x - at.x) < 90 && sign * (place.y - at.y) > 0;
    });
    return d3.least(column, (node) => distance(node.id))?.id ?? here;
  }

  _define() {
    const definitions = this.svg.append("defs");
    for (const name of ["plain", "up", "down"]) {
      definitions
        .append("marker")
        .attr("id", `arrow-${name}`)
        .attr("class", `arrow ${name}`)
        .attr("viewBox", "0 0 8 8")
        .attr("refX", 7)
        .attr("refY", 4)
        .attr("markerUnits", "userSpaceOnUse")
        .attr("markerWidth", 10)
        .attr("markerHeight", 10)
        .attr("orient", "auto")
        .append("path")
        .attr("d", "M0 .6 8 4 0 7.4z");
    }
  }

  _draw() {
    this.canvas.selectAll("*").remove();
    const curve = this.view.down ? d3.curveBumpY : d3.curveBumpX;
    const line = d3.line((point) => point.x, (point) => point.y).curve(curve);
    const size = (node) => this.view.sizes.get(node.id);
    this.edges = this.canvas
      .append("g")
      .attr("aria-hidden", "true")
      .selectAll("path")
      .data(this.view.edges)
      .join("path")
      .attr("class", "edge")
      .attr("d", (edge, index) => line(this.view.points[index]));
    this.edges.append("title").text((edge) => edge.key);
    this.nodes = this.canvas
      .append("g")
      .selectAll("g")
      .data(this.view.nodes)
      .join("g")
      .attr("id", (node) => `node-${node.id}`)
      .attr("class", (node) => `node ${node.kind} ${node.family} is-${node.mark || "plain"}${node.asked ? " asked" : ""}`)
      .attr("role", "button")
      .attr("transform", (node) => {
        const { x, y } = this.view.places.get(node.id);
        return `translate(${x - size(node).width / 2},${y - size(node).height / 2})`;
      })
      .on("click", (_, node) => this.choose(node.id));
    this.nodes
      .append("rect")
      .attr("class", "ring")
      .attr("x", -5)
      .attr("y", -5)
      .attr("width", (node) => size(node).width + 10)
      .attr("height", (node) => size(node).height + 10)
      .attr("rx", (node) => (node.kind === "execution" ? 12 : size(node).height / 2 + 5));
    this.nodes
      .append("rect")
      .attr("class", "body")
      .attr("width", (node) => size(node).width)
      .attr("height", (node) => size(node).height)
      .attr("rx", (node) => (node.kind === "execution" ? 8 : size(node).height / 2));
    this._drawExecutions(this.nodes.filter((node) => node.kind === "execution"), size);
    this._drawArtifacts(this.nodes.filter((node) => node.kind === "artifact"), size);
    label(this.nodes, size);
    const roomy = this.nodes.filter((node) => node.kind === "execution" && !size(node).short);
    const details = roomy.select(".name").append("tspan").attr("class", "detail");
    details.attr("x", (node) => size(node).left).attr("y", 36).text((node) => node.detail);
    this._name();
  }

  _drawExecutions(nodes, size) {
    const band = ({ band, height }) => `M8 0H${band}V${height}H8A8 8 0 0 1 0 ${height - 8}V8A8 8 0 0 1 8 0Z`;
    nodes.append("path").attr("class", "band").attr("d", (node) => band(size(node)));
    nodes
      .append("path")
      .attr("class", "glyph")
      .attr("transform", (node) => `translate(${(size(node).band - 16) / 2},${(size(node).height - 16) / 2})`)
      .attr("d", (node) => MARKS[node.mark]);
  }

  _drawArtifacts(nodes, size) {
    nodes.append("circle").attr("class", "dot").attr("cx", 14).attr("cy", (node) => size(node).height / 2).attr("r", 4.5);
    const badges = nodes
      .filter((node) => node.mark)
      .append("g")
      .attr("class", "badge")
      .attr("transform", (node) => `translate(${size(node).width - 8},4)`);
    badges.append("circle").attr("r", 8.5);
    badges.append("path").attr("class", "glyph").attr("transform", "translate(-6,-6) scale(.75)").attr("d", (node) => MARKS[node.mark]);
  }

  // A node's name as it is read out: what can be seen of it, line by line; all of it, where not all can be seen.
  _named(node) {
    const { lines, afar } = this.view.sizes.get(node.id);
    const seen = (this.canvas.classed("far") ? afar : lines).map((line) => line.trim()).join(" ");
    return seen.includes("…") ? `${seen}, ${node.name} ${node.span}` : seen;
  }

  _zoomed(transform) {
    const [was, far] = [this.canvas.classed("far"), transform.k < FAR];
    this.canvas.attr("transform", transform).classed("far", far);
    if (was !== far) this._name();
  }

  _name() {
    this.nodes.attr("aria-label", (node) => `${node.kind} ${this._named(node)}, ${node.detail}, ${node.state}`);
  }

  _size() {
    return this.svg.node().getBoundingClientRect();
  }

  _fitting() {
    const { width, height } = this._size();
    const scale = fittingScale(this.view, { width, height });
    const [left, top] = [(width - scale * this.view.width) / 2, (height - scale * this.view.height) / 2];
    return d3.zoomIdentity.translate(left, top).scale(scale);
  }

  _move(transform, duration = 220) {
    const still = duration === 0 || matchMedia("(prefers-reduced-motion: reduce)").matches;
    const target = still ? this.svg.interrupt() : this.svg.interrupt().transition().duration(duration);
    target.call(this.zoom.transform, transform);
  }
}

// A node's name twice: as it is seen from near, and in larger type as it is seen from afar.
function label(nodes, size) {
  const middle = (node) => size(node).height / 2;
  const lined = (lines) => (node) => lines(node).map((text, index) => ({ text, node, shift: index - (lines(node).length - 1) / 2 }));
  nodes
    .append("text")
    .attr("class", "name")
    .selectAll("tspan")
    .data(lined((node) => size(node).lines))
    .join("tspan")
    .attr("x", ({ node }) => size(node).left)
    .attr("y", ({ node, shift }) => (node.kind === "execution" && !size(node).short ? 20 : middle(node) + 4.5 + LINE * shift))
    .text(({ text }) => `${text.trim()} `);
  nodes
    .append("text")
    .attr("class", "distant")
    .style("font-size", (node) => `${size(node).far}px`)
    .selectAll("tspan")
    .data(lined((node) => size(node).afar))
    .join("tspan")
    .attr("x", ({ node }) => (node.kind === "artifact" ? size(node).width / 2 : size(node).left))
    .attr("y", ({ node, shift }) => middle(node) + size(node).far * (0.36 + 1.02 * shift))
    .text(({ text }) => `${text.trim()} `);
}
