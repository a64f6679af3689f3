/** How a contender comes to the tokens of a word, step by step. */
const Words = (() => {
  const LONGEST = 48; // characters of a word that is drawn
  const PATHS = 5; // of a lattice that are listed
  const { make, look } = Tokens;
  const utf8 = new TextEncoder();

  /** A table; columns that begin with "<" hold text, the others numbers. */
  function table(caption, columns, rows) {
    const kind = (column) => (columns[column].startsWith("<") ? { class: "text" } : {});
    const head = columns.map((name, column) => make("th", { scope: "col", ...kind(column) }, name.replace("<", "")));
    const body = rows.map((row) => make("tr", {}, ...row.map((cell, column) => make("td", kind(column), `${cell}`))));
    const parts = [make("caption", {}, caption), make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body)];
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, make("table", {}, ...parts));
  }

  /** Text that shows its spaces too: where tokens stand in a list, no ground tells where they begin. */
  const spaced = (text) => text.replaceAll(" ", "␣");
  const visible = (text) => spaced(Tokens.visible(text));

  const say = (text) => make("p", {}, text);

  /** What the bytes [begin, end) of a word look like. */
  const shows = (bytes) => (begin, end) => {
    const [text, raw] = look(bytes.subarray(begin, end));
    return raw ? text : spaced(text);
  };

  function merges(model, text, bytes) {
    const label = shows(bytes);
    if (model.whole.has(text.text)) return [say(`A piece by itself, id ${model.whole.get(text.text)}; no merge is asked for.`)];
    const { ids, widths } = model.start(text, 0, text.codes.length);
    let at = 0;
    const nodes = ids.map((id, place) => ({ id, level: 0, begin: at, end: (at += widths[place]) }));
    for (const node of nodes) node.label = label(node.begin, node.end);
    const rows = [];
    model.merge(ids, widths, (rank, left, right) => {
      const parts = [nodes[left], nodes[right]];
      const [{ begin }, { end }] = parts;
      const made = { id: model.made[rank], begin, end, parts, step: rows.length + 1, label: label(begin, end) };
      made.level = Math.max(parts[0].level, parts[1].level) + 1;
      [nodes[left], nodes[right]] = [made, null];
      const state = nodes.filter(Boolean).map((node) => node.label).join("|");
      rows.push([made.step, (model.orders ? model.orders[rank] : rank) + 1, parts[0].label, parts[1].label, made.label, made.id, state]);
    });
    const roots = nodes.filter(Boolean);
    if (!roots.length) return [say("No token: its characters are not in the vocabulary.")];
    if (!rows.length) return [say("No merge applies: the word stays as it is spelled."), Drawings.trees(roots)];
    const columns = ["step", "merge", "<left", "<right", "<makes", "id", "<the word then"];
    return [Drawings.trees(roots), table("Merges, in the order in which they apply", columns, rows)];
  }

  function longestMatches(model, text) {
    const size = text.codes.length;
    if (size > model.longestWord) return [say(`Longer than ${model.longestWord} characters: the word is one unknown token.`)];
    const [steps, rows] = [[], []];
    for (let at = 0; at < size;) {
      const [id, to] = model.match(text, 0, at, size);
      const tried = Math.min(size, at + model.longest) - to;
      const piece = id === undefined ? "nothing fits" : (at ? model.prefix : "") + visible(text.slice(at, to));
      steps.push({ at, to });
      rows.push([steps.length, visible(text.slice(at, size)), tried, piece, id ?? "–"]);
      if (id === undefined) break;
      at = to;
    }
    const columns = ["step", "<what is left", "longer texts that are no piece", "<longest piece", "id"];
    const found = [Drawings.matches(characters(text), steps), table("Longest match from the left", columns, rows)];
    if (rows.at(-1)[4] === "–") found.unshift(say("The word cannot be matched to its end, so it is one unknown token."));
    return found;
  }

  const characters = (text) => text.codes.map((_, place) => visible(text.slice(place, place + 1)));

  function lattice(model, text) {
    const size = text.codes.length;
    const edges = model.edges(text, 0, size);
    for (const edge of edges) edge.label = visible(text.slice(edge.start, edge.end));
    const best = new Set(model.best(size, edges));
    const rows = bestPaths(size, edges).map(({ score, path }, place) => [
      place + 1,
      path.map(({ label }) => label).join("|"),
      score.toFixed(4),
      path.map(({ id }) => id).join(" "),
    ]);
    const pieces = edges.map((edge) => [edge.label, edge.start, edge.end, edge.id, edge.score.toFixed(4), best.has(edge) ? "yes" : ""]);
    return [
      Drawings.lattice(characters(text), edges, best),
      table("The most probable ways to cut it; scores are natural logarithms of probabilities", ["rank", "<tokens", "score", "<ids"], rows),
      make("details", {}, make("summary", {}, "All pieces that fit"), table("Pieces of the lattice", ["<piece", "from", "to", "id", "score", "<in the best"], pieces)),
    ];
  }

  /** The best paths, best first; of equals the one whose last piece is longest, and so on before it. */
  function bestPaths(size, edges) {
    const found = [[{ score: 0, path: [] }]];
    for (let end = 1; end <= size; end++) {
      const arriving = edges.filter((edge) => edge.end === end);
      const ways = arriving.flatMap((edge) => found[edge.start].map(({ score, path }) => ({ score: score + edge.score, path: [...path, edge] })));
      found.push(ways.sort((one, two) => two.score - one.score).slice(0, PATHS));
    }
    return found[size];
  }

  function lookUp(model, text) {
    const id = model.ids.get(text.text);
    if (id !== undefined) return [say(`In the list of words, id ${id}.`)];
    return [say(`Not in the list of words: ${model.fallback ? "its bytes" : `the unknown token, id ${model.unknown}`}.`)];
  }

  const EXPLAINED = { bpe: merges, wordpiece: longestMatches, unigram: lattice, word: lookUp };

  /** What to show of a text whose first word is explained. */
  function explain(encoder, string) {
    const whole = encoder.inside(string);
    const [first, ...others] = encoder.cutter.spans(whole);
    if (!first) return [say("Nothing to cut.")];
    const word = new Encoders.Text(whole.slice(...first));
    if (word.codes.length > LONGEST) return [say(`Words of more than ${LONGEST} characters are not drawn.`)];
    const found = EXPLAINED[encoder.contender.model.kind](encoder.model, word, utf8.encode(word.text));
    return others.length ? [say(`Cut into ${others.length + 1} words; the first is “${visible(word.text)}”.`), ...found] : found;
  }

  return { explain };
})();
