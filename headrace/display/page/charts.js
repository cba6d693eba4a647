// What artifacts hold, drawn: distributions by split, metrics by slice, tables.
const SMALL = 30; // examples; slices of fewer are left out of the picture
const SHORT = 24; // characters of a cell that is kept in one line
const PREFERRED = "auc";

const charts = {
  draw(drawing) {
    return charts[drawing.kind](drawing);
  },

  table({ title, lines, columns, rows }) {
    const head = columns.some(Boolean)
      ? element("thead", {}, element("tr", {}, columns.map((column) => element("th", { scope: "col" }, column))))
      : null;
    const body = rows.map((row) => element("tr", {}, row.map((cell) => element("td", { class: cell.length <= SHORT ? "short" : "" }, breakable(cell)))));
    return element(
      "section",
      { class: "drawing" },
      element("h3", {}, title),
      lines.map((line) => element("p", {}, breakable(line))),
      rows.length ? element("div", wide(title), element("table", {}, head, element("tbody", {}, body))) : null,
    );
  },

  distributions({ splits, features, more }) {
    const names = Object.keys(splits);
    const keys = names.map((name, index) =>
      element("li", { class: `split-${index % 6}` }, `${name} (${splits[name].toLocaleString("en")} examples)`),
    );
    return element(
      "section",
      { class: "drawing distributions" },
      element("h3", {}, "Distributions"),
      element("p", { class: "note" }, "Share of the values that a split has, by feature."),
      element("ul", { class: "keys" }, keys),
      element("div", { class: "panels" }, features.map((feature) => panel(feature, names))),
      more ? element("p", { class: "note" }, `${more} more features are left out here.`) : null,
    );
  },

  metrics({ names, slices, more }) {
    const whole = slices.find((row) => !row.feature);
    const section = element("section", { class: "drawing metrics" }, element("h3", {}, "Metrics"));
    if (whole) section.append(overall(names, whole));
    const sliced = d3.group(slices.filter((row) => row.feature), (row) => row.feature);
    if (sliced.size) {
      const chosen = names.includes(PREFERRED) ? PREFERRED : names[0];
      const options = names.map((name) => element("option", name === chosen ? { selected: "" } : {}, name));
      const body = element("div", { class: "sliced" });
      const draw = (name) => body.replaceChildren(...bySlice(names.indexOf(name), sliced, whole));
      const select = element("select", { onchange: (event) => draw(event.target.value) }, options);
      section.append(element("label", { class: "pick" }, element("h4", {}, "By slice"), select), body);
      draw(chosen);
    }
    if (more) section.append(element("p", { class: "note" }, `The ${more} smallest slices are left out here.`));
    return section;
  },
};

// Attributes of what is scrolled sideways where it is wider than the record; by the keyboard as well.
function wide(title) {
  return { class: "wide", tabindex: 0, role: "group", "aria-label": title };
}

function panel(feature, names) {
  const missing = Object.entries(feature.missing).map(([split, share]) => `${split} ${words.share(share)}`);
  const about = [feature.type.toLowerCase()];
  const middles = names.filter((name) => name in feature.middle).map((name) => words.number(feature.middle[name]));
  if (middles.length) about.push(`median ${[...new Set(middles)].join(" / ")}`);
  if (missing.length) about.push(`missing ${missing.join(", ")}`);
  const drawn = !feature.labels.length
    ? element("p", { class: "note" }, "no values")
    : feature.numeric ? numericBars(feature, names) : textBars(feature, names);
  return element(
    "figure",
    { class: "panel" },
    element("figcaption", {}, element("b", {}, feature.name), element("small", {}, about.join(", "))),
    drawn,
  );
}

function numericBars({ labels, ends, shares }, names) {
  const most = d3.max(Object.values(shares).flat()) || 1;
  const bars = labels.map((label, bar) =>
    element("div", { class: "bin" }, names.map((name, index) => {
      const share = shares[name]?.[bar];
      if (share === undefined) return null;
      const told = `${label}: ${words.share(share)} of ${name}`;
      return element("i", { class: `split-${index % 6}`, title: told, "--share": share / most });
    })),
  );
  return element(
    "div",
    { class: "numeric" },
    element("div", { class: "bins" }, bars),
    element("div", { class: "ends" }, ends.map((end) => element("span", {}, end))),
    element("span", { class: "top" }, words.share(most)),
  );
}

function textBars({ labels, shares }, names) {
  const most = d3.max(Object.values(shares).flat()) || 1;
  return element("div", { class: "texts" }, labels.map((label, bar) =>
    element(
      "div",
      { class: "text" },
      element("span", { title: label }, label),
      names.filter((name) => name in shares).map((name) => {
        const share = shares[name][bar];
        const attributes = { class: `split-${names.indexOf(name) % 6}`, title: `${label}: ${words.share(share)} of ${name}` };
        return element("i", { ...attributes, "--share": share / most });
      }),
    ),
  ));
}

function overall(names, { examples, candidate, baseline }) {
  const columns = ["metric", "value", ...(baseline.length ? ["baseline", "change"] : [])];
  const rows = names.map((name, index) => {
    const [value, before] = [candidate[index], baseline[index]];
    const told = [value, ...(baseline.length ? [before] : [])].map((one) => (one == null ? "" : words.number(one)));
    if (baseline.length) told.push(value == null || before == null ? "" : d3.format("+.4f")(value - before));
    return element("tr", {}, element("th", { scope: "row" }, name), told.map((one) => element("td", { class: "number" }, one)));
  });
  const head = element("tr", {}, columns.map((column, index) => element("th", { scope: "col", class: index ? "number" : "" }, column)));
  return element(
    "div",
    wide("Metrics"),
    examples === null ? null : element("p", { class: "note" }, `Over all ${examples.toLocaleString("en")} examples.`),
    element("table", {}, element("thead", {}, head), element("tbody", {}, rows)),
  );
}

// A row a slice: a dot for the model, a ring for its baseline, a line for all examples.
function bySlice(metric, sliced, whole) {
  const told = [...sliced].map(([feature, rows]) => {
    const shown = rows.filter((row) => row.candidate[metric] != null && (row.examples ?? SMALL) >= SMALL);
    return { feature, shown, hidden: rows.length - shown.length };
  });
  const middle = whole?.candidate[metric];
  const values = told.flatMap(({ shown }) => shown.flatMap((row) => [row.candidate[metric], row.baseline[metric]]));
  const [low, high] = d3.extent([...values, middle].filter((value) => value != null));
  const room = 0.04 * (high - low) || 0.01;
  const place = (value) => (value - low + room) / (high - low + 2 * room);
  return told.map(({ feature, shown, hidden }) =>
    element(
      "figure",
      { class: "slices", ...(middle == null ? {} : { "--overall": place(middle) }) },
      element("figcaption", {}, element("b", {}, feature)),
      shown.map((row) => sliceRow(row, metric, place)),
      hidden ? element("p", { class: "note" }, `${hidden} left out: under ${SMALL} examples, or without a meaningful value.`) : null,
    ),
  );
}

function sliceRow(row, metric, place) {
  const [value, before] = [row.candidate[metric], row.baseline[metric]];
  const told = `${row.feature} ${row.value}: ${words.number(value)}${before == null ? "" : `, baseline ${words.number(before)}`}`;
  return element(
    "div",
    { class: "slice", title: told },
    element("span", { class: "label" }, row.value),
    element("small", { class: "number" }, row.examples === null ? "" : row.examples.toLocaleString("en")),
    element(
      "span",
      { class: "track" },
      before == null ? null : element("i", { class: "ringed", "--at": place(before) }),
      element("i", { class: "dot", "--at": place(value) }),
    ),
    element("span", { class: "number" }, words.number(value)),
  );
}
