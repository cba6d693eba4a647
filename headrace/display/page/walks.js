// Walks along the edges of a view.
function neighboursOf(edges) {
  const before = d3.rollup(edges, (group) => new Set(group.map((edge) => edge.source)), (edge) => edge.target);
  const after = d3.rollup(edges, (group) => new Set(group.map((edge) => edge.target)), (edge) => edge.source);
  return { before, after };
}

// All that can be reached from a node, itself not counted.
function reached(id, next) {
  const found = new Set();
  const front = id === null ? [] : [id];
  while (front.length) {
    for (const other of next.get(front.pop()) ?? []) {
      if (!found.has(other)) {
        found.add(other);
        front.push(other);
      }
    }
  }
  return found;
}
