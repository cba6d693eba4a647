// Search: which nodes have all the words that were typed, and the way from one to the next. Those that are called so
// ("model 14") come before those in whose facts the words stand somewhere, such as in the time of a run.
class Search {
  constructor(input, output, data, picture, choose) {
    Object.assign(this, { input, output, picture, choose, found: null, at: -1 });
    this.nodes = data.nodes.map((node) => {
      const facts = node.facts.map((fact) => String(fact.value));
      const called = new Set(`${node.name} ${node.detail}`.toLowerCase().split(/[\s,]+/));
      return { id: node.id, called, text: [node.name, node.detail, node.state, node.kind, ...facts].join("\n").toLowerCase() };
    });
    input.addEventListener("input", () => this.search());
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.jump(event.shiftKey ? -1 : 1);
    });
  }

  search() {
    const asked = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (node) => asked.every((word) => node.text.includes(word));
    const rank = (node) => (asked.every((word) => node.called.has(word)) ? 0 : 1);
    const found = this.nodes.filter(has).sort((one, other) => rank(one) - rank(other));
    this.found = asked.length ? found.map((node) => node.id) : null;
    this.at = -1;
    this.picture.highlight(this.found);
    this._tell();
  }

  jump(step) {
    if (!this.found?.length) return;
    const count = this.found.length;
    this.at = this.at < 0 && step < 0 ? count - 1 : (this.at + step + count) % count;
    this.choose(this.found[this.at]);
    this._tell();
  }

  clear() {
    this.input.value = "";
    this.search();
  }

  _tell() {
    const count = this.found?.length;
    if (count === undefined) this.output.textContent = "";
    else if (!count) this.output.textContent = "none";
    else this.output.textContent = this.at < 0 ? `${count} found` : `${this.at + 1} of ${count}`;
  }
}
