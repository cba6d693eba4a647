// Columns of a layout that are too long for the window, wrapped: their nodes stand beside each other in several.
const WRAPPED = 0.8; // scale; so large is all shown, where the columns' number allows it

// Moves nodes, `{ x, y, length, breadth }` by id with x along the flow; returns where columns begin and end by now, the
// factor by which all lies closer together across the flow, and the size of it all; null where nothing need be wrapped.
function wrapColumns(nodes, { width, height }, window, { nodesep, ranksep, marginx, marginy }) {
  const room = window.height / WRAPPED;
  const columns = d3.sort(d3.groups([...nodes.values()], (node) => Math.round(node.x)), ([x]) => x);
  const longest = (column) => d3.sum(column, (node) => node.breadth + nodesep) + 2 * marginy;
  if (height <= room || columns.every(([, column]) => longest(column) <= room)) return null;
  const factor = Math.min(1, room / height);
  const spans = new Map();
  let start = marginx;
  for (const [x, column] of columns) {
    const count = Math.ceil(longest(column) / room);
    const wide = d3.max(column, (node) => node.length);
    const ordered = d3.sort(column, (node) => node.y);
    for (const part of d3.range(count)) {
      const its = ordered.filter((_, index) => index % count === part);
      for (const node of its) Object.assign(node, { x: start + wide / 2 + part * (wide + ranksep / 2), y: node.y * factor });
      spread(its, nodesep, marginy, room - marginy);
    }
    const end = start + wide + (count - 1) * (wide + ranksep / 2);
    spans.set(x, { start, end });
    start = end + ranksep;
  }
  return { spans, factor, width: start - ranksep + marginx, height: Math.max(room, height * factor) };
}

// Nodes of a column in their order, none over another, between two ends as far as there is room.
function spread(nodes, gap, first, last) {
  const apart = (one, other) => (one.breadth + other.breadth) / 2 + gap;
  let least = first;
  nodes.forEach((node, index) => {
    least = index ? nodes[index - 1].y + apart(nodes[index - 1], node) : first + node.breadth / 2;
    node.y = Math.max(node.y, least);
  });
  let most = last;
  for (let index = nodes.length - 1; index >= 0; index -= 1) {
    const node = nodes[index];
    most = index < nodes.length - 1 ? nodes[index + 1].y - apart(node, nodes[index + 1]) : last - node.breadth / 2;
    node.y = Math.min(node.y, most);
  }
}
