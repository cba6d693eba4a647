// Puts the page together: data, picture, record, search, keys.
const data = JSON.parse(document.getElementById("data").textContent);
for (const node of data.nodes) {
  const took = node.facts.find((fact) => fact.label === "took");
  const detail = node.kind === "artifact" ? node.id.slice(1) : `execution ${node.id.slice(1)}, ${words.seconds(took.value)}`;
  node.detail = [node.span, detail].filter(Boolean).join(", ");
}
const byName = (id) => document.getElementById(id);
const picture = new Picture(byName("graph"), data, choose);
const record = new RecordView(byName("record"), data, (id) => choose(id, true));
const search = new Search(byName("search"), byName("found"), data, picture, (id) => choose(id, true));

function choose(id, reveal = false, focus = false) {
  picture.mark(id);
  record.show(id);
  if (reveal && id !== null) picture.reveal(id, focus);
}

function showArtifacts(all) {
  byName("artifacts").setAttribute("aria-pressed", all);
  picture.show(all);
  picture.highlight(search.found);
  if (picture.chosen !== null) picture.reveal(picture.chosen);
}

function drawLegend() {
  const shown = (kind) => [...new Set(data.nodes.filter((node) => node.kind === kind).map((node) => node.family))].sort();
  const marks = Object.keys(MARKS).filter((name) => data.nodes.some((node) => node.mark === name));
  const names = { schema: "schema, transform", verdict: "verdict, evaluation", pushed: "pushed model" };
  byName("legend").append(
    element("span", {}, element("b", { class: "card" }), "execution"),
    ...shown("artifact").map((family) => element("span", {}, element("b", { class: `pill ${family}` }), names[family] ?? family)),
    ...marks.map((name) => element("span", { class: `is-${name}` }, mark(name), MARK_WORDS[name])),
    element("span", {}, element("b", { class: "line up" }), "came from"),
    element("span", {}, element("b", { class: "line down" }), "went into"),
  );
}

const ARROWS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
const ACTIONS = {
  "/": () => byName("search").select(),
  "+": () => picture.zoomBy(1.3),
  "=": () => picture.zoomBy(1.3),
  "-": () => picture.zoomBy(1 / 1.3),
  0: () => picture.fit(),
  a: () => showArtifacts(!picture.all),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (search.found) search.clear();
    else choose(null);
    document.activeElement.blur();
    return;
  }
  if (event.target.matches("input, select, textarea") || event.target.closest("#record")) return;
  if (event.key in ARROWS) choose(picture.neighbour(picture.chosen, ARROWS[event.key]), true, true);
  else if ((event.key === "Enter" || event.key === " ") && event.target.closest(".node")) choose(event.target.__data__.id);
  else if (event.key in ACTIONS) ACTIONS[event.key]();
  else return;
  event.preventDefault();
});
byName("artifacts").addEventListener("click", () => showArtifacts(!picture.all));
byName("in").addEventListener("click", () => picture.zoomBy(1.3));
byName("out").addEventListener("click", () => picture.zoomBy(1 / 1.3));
byName("fit").addEventListener("click", () => picture.fit());

drawLegend();
record.show(null);
// The frame is painted before the layout, which takes a moment where there are many nodes.
requestAnimationFrame(() =>
  setTimeout(() => {
    showArtifacts(!data.nodes.some((node) => node.kind === "execution"));
    byName("wait").remove();
    const asked = data.nodes.find((node) => node.asked);
    if (asked) choose(asked.id);
    document.body.dataset.ready = "";
  }),
);
