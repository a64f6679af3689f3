/** Drawings of how a word is cut; what they show also stands in the tables beside them. */
const Drawings = (() => {
  const [CELL, WIDE, ROW, TOP] = [9, 16, 46, 30];

  function svg(name, attributes = {}, ...inside) {
    const found = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
    found.append(...inside);
    return found;
  }

  const text = (x, y, content, kind = "") => svg("text", { x, y, class: kind }, content);
  const widthOf = (label) => Array.from(label).reduce((sum, char) => sum + (char.codePointAt(0) < 0x2e80 ? CELL : WIDE), 0);

  function drawing(width, height, label, ...inside) {
    const found = svg("svg", { class: "drawing", role: "img", "aria-label": label, width, height, viewBox: `0 0 ${width} ${height}` }, ...inside);
    return Tokens.make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, found);
  }

  /** Trees of merges: the symbols that a word starts as stand at the bottom, each merge above what it joins. */
  function trees(roots) {
    const boxes = [];
    const lines = [];
    const top = Math.max(...roots.map(({ level }) => level));
    let x = 2;
    const place = (node, isRoot) => {
      const width = widthOf(node.label) + 14;
      const y = (top - node.level) * ROW + TOP;
      if (node.parts) {
        const [left, right] = node.parts.map((part) => place(part, false));
        node.middle = (left.middle + right.middle) / 2;
        for (const part of [left, right]) lines.push(svg("line", { x1: node.middle, y1: y, x2: part.middle, y2: (top - part.level) * ROW + TOP }));
        // Two narrow parts may stand closer together than what they make is wide.
        x = Math.max(x, node.middle + width / 2 + 8);
      } else {
        node.middle = x + width / 2;
        x += width + 8;
      }
      boxes.push(svg("rect", { x: node.middle - width / 2, y: y - 14, width, height: 24, rx: 4, class: isRoot ? "token" : "" }));
      boxes.push(text(node.middle, y + 3, node.label));
      if (node.step) boxes.push(text(node.middle, y - 17, `${node.step}`, "soft"));
      return node;
    };
    for (const root of roots) {
      place(root, true);
      x += 10;
    }
    return drawing(x + 4, (top + 1) * ROW + 4, "Tree of the merges", ...lines, ...boxes);
  }

  /** Longest match: a line a step, with what was matched in a box. */
  function matches(characters, steps) {
    const cells = [];
    steps.forEach(({ at, to }, row) => {
      const y = row * 30 + 20;
      cells.push(svg("rect", { x: at * 18 + 2, y: y - 15, width: Math.max(to - at, 1) * 18, height: 23, rx: 4, class: to > at ? "token" : "" }));
      characters.forEach((char, place) => cells.push(text(place * 18 + 11, y, char, place < at ? "soft" : "")));
    });
    return drawing(characters.length * 18 + 4, steps.length * 30 + 6, "What was matched in each step", ...cells);
  }

  /** A lattice: an arc for each piece that fits, longer ones higher; the best path is thick and its pieces stand in it. */
  function lattice(characters, edges, best) {
    const step = 40;
    const most = Math.max(...edges.map(({ start, end }) => end - start));
    const height = (span) => 14 + (span - 1) * Math.min(26, 150 / most);
    const ground = height(most) + 24;
    const arcs = edges.map((edge) => {
      const [from, to, up] = [edge.start * step + 12, edge.end * step + 12, ground - (height(edge.end - edge.start) * 4) / 3];
      const title = svg("title", {}, edge.label);
      return svg("path", { d: `M${from} ${ground}C${from} ${up} ${to} ${up} ${to} ${ground}`, class: best.has(edge) ? "best" : "" }, title);
    });
    arcs.sort((one, two) => one.classList.contains("best") - two.classList.contains("best")); // the best on top
    const dots = Array.from({ length: characters.length + 1 }, (_, place) => svg("circle", { cx: place * step + 12, cy: ground, r: 3 }));
    const labels = characters.map((char, place) => text(place * step + 12 + step / 2, ground + 20, char));
    return drawing(characters.length * step + 24, ground + 30, "Lattice of the pieces that fit", ...arcs, ...dots, ...labels);
  }

  return { trees, matches, lattice };
})();
