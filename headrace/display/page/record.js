// The record beside the picture: of the chosen node, or of the whole where none is chosen.
const KEYS = [
  ["/", "search; Enter goes to the next, Shift+Enter back"],
  ["← →", "along an edge, to what it came from or what came of it"],
  ["↑ ↓", "to the next node above or below"],
  ["+ - 0", "zoom, and show all"],
  ["a", "all artifacts, or only those around what is chosen"],
  ["Esc", "clear"],
];

class RecordView {
  constructor(place, data, choose) {
    Object.assign(this, { place, data, choose });
    this.byId = new Map(data.nodes.map((node) => [node.id, node]));
    this.incoming = d3.group(data.edges, (edge) => edge.target);
    this.outgoing = d3.group(data.edges, (edge) => edge.source);
    this.leftOut = new Set(data.left_out);
  }

  show(id) {
    const parts = id === null ? this._overview() : this._record(this.byId.get(id));
    this.place.replaceChildren(...parts.filter(Boolean));
    this.place.scrollTop = 0;
  }

  _overview() {
    const count = d3.rollup(this.data.nodes, (group) => group.length, (node) => node.kind);
    const counted = ["execution", "artifact"].map((kind) => `${count.get(kind) ?? 0} ${kind}s`).join(", ");
    const keys = KEYS.map(([key, what]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, what)]);
    return [
      element("h2", {}, breakable(this.data.title)),
      element("p", { class: "sub" }, `${counted}. Choose a node for its record.`),
      ...this.data.overview.map(charts.draw),
      element("section", { class: "drawing" }, element("h3", {}, "Keys"), element("dl", { class: "keyboard" }, keys.flat())),
    ];
  }

  _record(node) {
    const state = element("p", { class: `state is-${node.mark || "plain"}` }, node.mark ? mark(node.mark) : null, node.state);
    return [
      element("h2", { class: node.family }, breakable([node.name, node.span].filter(Boolean).join(", "))),
      state,
      node.error.length ? element("section", { class: "error" }, this._facts(node.error)) : null,
      this._facts(node.facts),
      ...this._neighbours(node.kind === "execution" ? ["Read", "Chosen by"] : ["", "Made by"], this.incoming.get(node.id), "source"),
      ...this._neighbours(node.kind === "execution" ? ["Made", "Chose for"] : ["", "Read by"], this.outgoing.get(node.id), "target"),
      ...this._drawings(node),
      this._properties(node.properties),
    ];
  }

  _facts(facts) {
    const lines = facts.map(({ label, value, unit }) => [
      element("dt", {}, label),
      element("dd", {}, breakable(words.unit(value, unit))),
    ]);
    return element("dl", { class: "facts" }, lines.flat());
  }

  // A section for the artifacts at the other ends of some edges, and one for the executions.
  _neighbours(titles, edges = [], end) {
    return ["artifact", "execution"].map((kind, index) => {
      const ofKind = edges.filter((edge) => this.byId.get(edge[end]).kind === kind);
      return ofKind.length ? this._list(titles[index], ofKind, end) : null;
    });
  }

  _list(title, edges, end) {
    const items = edges.map((edge) => {
      const node = this.byId.get(edge[end]);
      return element(
        "li",
        {},
        element("button", { class: `link ${node.family}`, onclick: () => this.choose(node.id) }, node.name),
        element("small", {}, `${node.detail}, as ${edge.key || "?"}`),
      );
    });
    return element("section", { class: "neighbours" }, element("h3", {}, title), element("ul", {}, items));
  }

  _drawings(node) {
    const several = node.shows.length > 1;
    return node.shows.flatMap((id) => {
      const drawings = this.data.drawings[id] ?? [];
      const artifact = this.byId.get(`a${id}`);
      const from = several ? element("p", { class: "of" }, "of ", this._link(artifact)) : null;
      if (this.leftOut.has(id)) {
        const told = `What ${artifact.name} ${id} holds is left out of this page, which would grow too large. It is in a page of its own:`;
        return [element("section", { class: "drawing left-out" }, element("p", {}, told), element("code", {}, `headrace lineage open ${id}`))];
      }
      return drawings.map((drawing) => {
        const drawn = charts.draw(drawing);
        if (from) drawn.firstChild.after(from.cloneNode(true));
        drawn.querySelector(".of button")?.addEventListener("click", () => this.choose(artifact.id));
        return drawn;
      });
    });
  }

  _link(node) {
    return element("button", { class: `link ${node.family}` }, `${node.name} ${node.id.slice(1)}`);
  }

  _properties(properties) {
    if (!properties.length) return null;
    const lines = properties.map(([name, value]) => [element("dt", {}, name), element("dd", {}, breakable(value))]);
    return element(
      "section",
      { class: "properties" },
      element("h3", {}, "Properties"),
      element("dl", { class: "facts" }, lines.flat()),
    );
  }
}
