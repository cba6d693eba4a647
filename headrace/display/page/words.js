// How values are worded for the reader, and how elements are made of them.
const words = {
  unit(value, unit) {
    if (unit === "seconds") return words.seconds(value);
    if (unit === "bytes") return words.bytes(value);
    return String(value);
  },
  seconds(value) {
    if (value < 60) return `${value.toFixed(1)} s`;
    const minutes = Math.floor(value / 60);
    if (minutes < 60) return `${minutes} min ${Math.round(value % 60)} s`;
    return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  },
  bytes(value) {
    for (const [unit, factor] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
      if (value >= factor) return `${(value / factor).toFixed(1)} ${unit}`;
    }
    return `${value} bytes`;
  },
  share(value) {
    if (value > 0 && value < 0.001) return "<0.1%";
    if (value > 0.995 && value < 1) return ">99%";
    return value < 0.1 ? `${(100 * value).toFixed(1)}%` : `${(100 * value).toFixed(0)}%`;
  },
  number(value) {
    return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));
  },
};

// A text in parts that a line may be broken between: after what joins the parts of a place, a class or a name, and in
// groups of what is only a digest.
function breakable(text) {
  return String(text)
    .split(/(?<=[/:_,;&?=-])(?=[^\s/.:_,;&?=-])|(?<=\.)(?=[A-Za-z_])/)
    .flatMap((part, index) => {
      const groups = /^[0-9a-f]{16,}$/.test(part) ? part.match(/.{1,8}/g) : [part];
      const parts = groups.flatMap((group, at) => (at ? [document.createElement("wbr"), group] : [group]));
      return index ? [document.createElement("wbr"), ...parts] : parts;
    });
}

// An element; text is only ever set as text, so nothing that was recorded becomes markup.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key.startsWith("--")) made.style.setProperty(key, value);
    else made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

// The pictures of states, on a field of 16 by 16.
const MARKS = {
  done: "M3 8.5 6.5 12 13 4.5",
  cached: "M12.6 5.6A5.2 5.2 0 1 0 13.2 9M13.2 2.6V6H9.8",
  failed: "M4 4 12 12M12 4 4 12",
  canceled: "M4.5 4.5h7v7h-7z",
  skipped: "M3 4 7 8 3 12M8.5 4 12.5 8 8.5 12",
  running: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  unknown: "M5.5 5.7a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.7M8 12.4h.01",
  gone: "M3.5 8h9",
};
const MARK_WORDS = {
  done: "complete, blessed, pushed",
  cached: "from the cache",
  failed: "failed, not blessed, not pushed",
  canceled: "canceled",
  skipped: "skipped",
  running: "running or not started",
  unknown: "state unknown",
  gone: "files removed",
};

function mark(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `mark ${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", MARKS[name]);
  svg.append(path);
  return svg;
}
