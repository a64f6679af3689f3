/**
 * The encoders of toklab, for the models that stand in the page: the same ids, token for token.
 *
 * A text becomes code points first. A pattern cuts it into words; a model gives each word ids and widths, which are
 * the bytes that each id covers. Source of each algorithm: the module of toklab/algorithms that is named beside it.
 */
const Encoders = (() => {
  const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array, float64: Float64Array };

  /** Numbers from the bytes of a little-endian array in base64. */
  function unpacked(data) {
    const [[kind, text]] = Object.entries(data);
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return new ARRAYS[kind](bytes.buffer);
  }

  /** A text with its code points, and where each begins in UTF-16 units and in bytes; one place more for the end. */
  class Text {
    constructor(text) {
      this.text = text.toWellFormed();
      this.codes = [];
      this.units = [0];
      this.bytes = [0];
      for (const char of this.text) {
        const code = char.codePointAt(0);
        this.codes.push(code);
        this.units.push(this.units.at(-1) + char.length);
        this.bytes.push(this.bytes.at(-1) + (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4));
      }
    }

    slice(start, end) {
      return this.text.slice(this.units[start], this.units[end]);
    }
  }

  const utf8 = new TextEncoder();

  /** Cuts a text into words by the automaton of a pattern (toklab/pretokenize/automaton.py). */
  class Cutter {
    constructor({ keepsGaps, firsts, classes, table, width }) {
      const [starts, kinds] = [unpacked(firsts), unpacked(classes)];
      this.classes = new Uint8Array(0x110000);
      starts.forEach((first, place) => this.classes.fill(kinds[place], first, starts[place + 1] ?? 0x110000));
      Object.assign(this, { keepsGaps, table: unpacked(table), width });
    }

    /** Where the match that begins at a code point ends; there itself where there is none. */
    matchEnd(codes, at) {
      let last = at;
      for (let state = 0; state >= 0; at++) {
        const kind = at < codes.length ? this.classes[codes[at]] : this.width - 1;
        const value = this.table[state * this.width + kind];
        if (value & 1) last = at;
        state = (value >> 1) - 1;
      }
      return last;
    }

    /** The code points [start, end) of each word. */
    spans({ codes }) {
      const found = [];
      let done = 0;
      for (let at = 0; at < codes.length;) {
        const end = this.matchEnd(codes, at);
        if (end === at) {
          at++;
          continue;
        }
        if (this.keepsGaps && at > done) found.push([done, at]);
        found.push([at, end]);
        at = done = end;
      }
      if (this.keepsGaps && codes.length > done) found.push([done, codes.length]);
      return found;
    }
  }

  const whole = { spans: ({ codes }) => (codes.length ? [[0, codes.length]] : []) };

  /** The smallest of many numbers, again and again. */
  class Heap {
    items = [];

    push(value) {
      const { items } = this;
      let at = items.push(value) - 1;
      for (let up; at && items[(up = (at - 1) >> 1)] > value; at = up) items[at] = items[up];
      items[at] = value;
    }

    pop() {
      const { items } = this;
      const [first, value] = [items[0], items.pop()];
      let at = 0;
      for (let down; items.length && (down = 2 * at + 1) < items.length; at = down) {
        if (items[down + 1] < items[down]) down++;
        if (items[down] >= value) break;
        items[at] = items[down];
      }
      if (items.length) items[at] = value;
      return first;
    }
  }

  /** Byte-pair encoding: the merge of the lowest rank first, of equal ones the leftmost (toklab/algorithms/models.py). */
  class Bpe {
    constructor(data) {
      Object.assign(this, { size: data.size, suffix: data.suffix, unknown: data.unknown });
      this.bytes = data.bytes && unpacked(data.bytes);
      this.fallback = data.fallback && unpacked(data.fallback);
      if (data.atoms) this.atoms = keyed(data.atoms, unpacked(data.atomIds));
      [this.left, this.right, this.made] = [unpacked(data.left), unpacked(data.right), unpacked(data.made)];
      this.ranks = new Map();
      this.left.forEach((left, rank) => this.ranks.set(left * this.size + this.right[rank], rank));
    }

    encode(text, start, end) {
      const { ids, widths } = this.start(text, start, end);
      this.merge(ids, widths);
      return { ids, widths };
    }

    /** The ids that a word starts as: its bytes, or its characters. */
    start(text, start, end) {
      if (this.bytes) {
        const ids = Array.from(utf8.encode(text.slice(start, end)), (byte) => this.bytes[byte]);
        return { ids, widths: ids.map(() => 1) };
      }
      const [ids, widths] = [[], []];
      for (let at = start; at < end; at++) {
        const symbol = text.slice(at, at + 1) + (at === end - 1 ? this.suffix : "");
        const width = text.bytes[at + 1] - text.bytes[at];
        if (this.atoms.has(symbol)) {
          ids.push(this.atoms.get(symbol));
          widths.push(width);
        } else if (this.fallback) {
          utf8.encode(symbol).forEach((byte, place) => {
            ids.push(this.fallback[byte]);
            widths.push(place < width ? 1 : 0);
          });
        } else if (this.unknown !== null) {
          ids.push(this.unknown);
          widths.push(width);
        }
      }
      return { ids, widths };
    }

    /** Merge in place; `tell` hears the rank and the places of the two, before each merge. */
    merge(ids, widths, tell = () => {}) {
      const many = ids.length;
      const [heap, next, before] = [new Heap(), new Int32Array(many), new Int32Array(many)];
      const rankAt = (at) => (next[at] < many ? this.ranks.get(ids[at] * this.size + ids[next[at]]) : undefined);
      const offer = (at) => {
        const rank = rankAt(at);
        if (rank !== undefined) heap.push(rank * many + at); // by rank, then from the left
      };
      for (let at = 0; at < many; at++) [next[at], before[at]] = [at + 1, at - 1];
      for (let at = 0; at < many - 1; at++) offer(at);
      while (heap.items.length) {
        const value = heap.pop();
        const [rank, at] = [Math.floor(value / many), value % many];
        if (ids[at] < 0 || rankAt(at) !== rank) continue; // one of the two has been merged since
        const gone = next[at];
        tell(rank, at, gone);
        ids[at] = this.made[rank];
        widths[at] += widths[gone];
        ids[gone] = -1;
        next[at] = next[gone];
        if (next[at] < many) before[next[at]] = at;
        offer(at);
        if (before[at] >= 0) offer(before[at]);
      }
      let kept = 0;
      for (let at = 0; at < many; at = next[at]) [ids[kept], widths[kept++]] = [ids[at], widths[at]];
      ids.length = widths.length = kept;
    }
  }

  /** Longest match from the left; a word that cannot be matched to its end is unknown (toklab/algorithms/models.py). */
  class WordPiece {
    constructor({ texts, prefix, unknown, longestWord }) {
      Object.assign(this, { prefix, unknown, longestWord, ids: byText(texts) });
      this.longest = longest(this.ids);
    }

    encode(text, start, end) {
      const [ids, widths] = [[], []];
      if (end - start <= this.longestWord) {
        for (let at = start; at < end;) {
          const [id, to] = this.match(text, start, at, end);
          if (id === undefined) break;
          ids.push(id);
          widths.push(text.bytes[to] - text.bytes[at]);
          at = to;
          if (at === end) return { ids, widths };
        }
      }
      return { ids: [this.unknown], widths: [text.bytes[end] - text.bytes[start]] };
    }

    /** The id of the longest piece that fits, and where it ends. */
    match(text, start, at, end) {
      const prefix = at > start ? this.prefix : "";
      for (let to = Math.min(end, at + this.longest); to > at; to--) {
        const id = this.ids.get(prefix + text.slice(at, to));
        if (id !== undefined) return [id, to];
      }
      return [undefined, at];
    }
  }

  /** The most probable way to cut a word; of equals the one whose last piece is longest (toklab/algorithms/lattice.py). */
  class Unigram {
    constructor({ texts, ids, scores, unknown, unknownScore, single, fallback }) {
      const [numbers, logs] = [unpacked(ids), unpacked(scores)];
      Object.assign(this, { unknown, unknownScore, single, fallback: fallback && unpacked(fallback) });
      this.pieces = new Map(texts.map((text, place) => [text, { id: numbers[place], score: logs[place] }]));
      this.longest = longest(this.pieces);
    }

    /** The pieces that fit, by start and then by end. */
    edges(text, start, end) {
      const found = [];
      for (let at = start; at < end; at++) {
        for (let to = at + 1; to <= Math.min(at + Math.max(1, this.longest), end); to++) {
          const piece = this.pieces.get(text.slice(at, to));
          if (piece) found.push({ start: at - start, end: to - start, ...piece });
          else if (to === at + 1) found.push({ start: at - start, end: to - start, id: this.unknown, score: this.unknownScore });
        }
      }
      return found;
    }

    /** Viterbi; single precision as SentencePiece adds, which begins anew below -100,000. */
    best(size, edges) {
      const [round, least] = this.single ? [Math.fround, -100000] : [Number, -Infinity];
      const scores = new Float64Array(size + 1).fill(-Infinity);
      const last = new Array(size + 1).fill(null);
      scores[0] = 0;
      for (const edge of edges) {
        const base = scores[edge.start];
        if (base < least) for (let at = edge.start; at <= size; at++) scores[at] = round(scores[at] - base);
        const score = round(scores[edge.start] + edge.score);
        if (last[edge.end] === null || score > scores[edge.end]) [scores[edge.end], last[edge.end]] = [score, edge];
      }
      const path = [];
      for (let edge = last[size]; edge; edge = last[edge.start]) path.unshift(edge);
      return path;
    }

    encode(text, start, end) {
      return this.tokens(text, start, this.best(end - start, this.edges(text, start, end)));
    }

    /** A path as tokens: a run of unknown characters is one, or its bytes. */
    tokens(text, start, path) {
      const [ids, widths] = [[], []];
      for (let at = 0; at < path.length;) {
        let to = at + 1;
        const isUnknown = path[at].id === this.unknown;
        while (isUnknown && to < path.length && path[to].id === this.unknown) to++;
        const [from, until] = [start + path[at].start, start + path[to - 1].end];
        const run = text.slice(from, until);
        if (isUnknown && this.fallback && !this.pieces.has(run)) {
          for (const byte of utf8.encode(run)) {
            ids.push(this.fallback[byte]);
            widths.push(1);
          }
        } else {
          ids.push(path[at].id);
          widths.push(text.bytes[until] - text.bytes[from]);
        }
        at = to;
      }
      return { ids, widths };
    }
  }

  /** A list of words, and the unknown token for all others (toklab/algorithms/models.py). */
  class Word {
    constructor({ texts, unknown }) {
      Object.assign(this, { unknown, ids: byText(texts) });
    }

    encode(text, start, end) {
      return { ids: [this.ids.get(text.slice(start, end)) ?? this.unknown], widths: [text.bytes[end] - text.bytes[start]] };
    }
  }

  const MODELS = { bpe: Bpe, wordpiece: WordPiece, unigram: Unigram, word: Word };

  const keyed = (texts, ids) => new Map(texts.map((text, place) => [text, ids[place]]));
  const byText = (texts) => new Map(texts.flatMap((text, id) => (text === null ? [] : [[text, id]])));

  /** UTF-16 units of the longest key, which is no less than its characters. */
  const longest = (map) => [...map.keys()].reduce((most, text) => Math.max(most, text.length), 0);

  /** A contender of the page: made when it is first asked for something. */
  class Encoder {
    constructor(contender, patterns) {
      this.contender = contender;
      this.patterns = patterns;
    }

    get model() {
      const { model } = this.contender;
      Object.defineProperty(this, "model", { value: new MODELS[model.kind](model) });
      return this.model;
    }

    get cutter() {
      const { pattern } = this.contender;
      return pattern === null ? whole : (this.patterns[pattern].cutter ??= new Cutter(this.patterns[pattern]));
    }

    /** Ids, and the bytes of the text where each begins and ends. */
    encode(string) {
      const text = new Text(string);
      const found = { ids: [], begins: [], ends: [] };
      for (const [start, end] of this.cutter.spans(text)) {
        const { ids, widths } = this.model.encode(text, start, end);
        let at = text.bytes[start];
        ids.forEach((id, token) => {
          found.ids.push(id);
          found.begins.push(at);
          found.ends.push((at += widths[token]));
        });
      }
      return found;
    }
  }

  return { Encoder, Text, Bpe, WordPiece, Unigram };
})();
