/**
 * The models of toklab: each gives a word ids and widths, which are the bytes that each id covers. Source of each
 * algorithm: the module of toklab/algorithms that is named beside it.
 */
const Models = (() => {
  const { unpacked, utf8 } = Texts;
  const keyed = (texts, ids) => new Map(texts.map((text, place) => [text, ids[place]]));
  const byText = (texts) => new Map(texts.flatMap((text, id) => (text === null ? [] : [[text, id]])));

  /** UTF-16 units of the longest key, which is no less than its characters. */
  const longest = (map) => [...map.keys()].reduce((most, text) => Math.max(most, text.length), 0);

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
    /** With `orders`, SentencePiece's: merges may be equal, and what stands in a word has a number (spm_pieces.py). */
    constructor(data) {
      Object.assign(this, { size: data.size, prefix: data.prefix ?? "", suffix: data.suffix ?? "", unknown: data.unknown, fuse: data.fuse });
      Object.assign(this, { pieces: data.pieces, stranger: data.stranger });
      this.bytes = data.bytes && unpacked(data.bytes);
      this.characters = data.characters && Array.from(data.characters);
      this.fallback = data.fallback && unpacked(data.fallback);
      if (data.atoms) this.atoms = keyed(data.atoms, unpacked(data.atomIds));
      this.whole = data.whole ? keyed(data.whole, unpacked(data.wholeIds)) : new Map();
      this.unused = new Map((data.unused ?? []).map(([number, ids, widths]) => [number, { ids, widths }]));
      this.orders = data.orders && unpacked(data.orders);
      [this.left, this.right, this.made] = [unpacked(data.left), unpacked(data.right), unpacked(data.made)];
      this.ranks = new Map();
      this.left.forEach((left, rank) => this.ranks.set(left * this.size + this.right[rank], rank));
    }

    encode(text, start, end) {
      const whole = this.whole.get(text.slice(start, end));
      if (whole !== undefined) return { ids: [whole], widths: [text.bytes[end] - text.bytes[start]] };
      const { ids, widths } = this.start(text, start, end);
      this.merge(ids, widths);
      return this.stranger === undefined ? { ids, widths } : this.known(text, start, ids, widths);
    }

    /** What a word is spelled with: characters, or those that stand for its bytes; each with its width. */
    symbols(text, start, end) {
      if (this.characters) return Array.from(utf8.encode(text.slice(start, end)), (byte) => [this.characters[byte], 1]);
      return Array.from(text.slice(start, end), (char, place) => [char, text.bytes[start + place + 1] - text.bytes[start + place]]);
    }

    /** The ids that a word starts as: its bytes, or its characters. */
    start(text, start, end) {
      if (this.bytes) {
        const ids = Array.from(utf8.encode(text.slice(start, end)), (byte) => this.bytes[byte]);
        return { ids, widths: ids.map(() => 1) };
      }
      const [ids, widths] = [[], []];
      let waiting = 0; // bytes of the unknown token that is not written yet; bytes that are spelled come before it
      const push = (id, width) => {
        ids.push(id);
        widths.push(width);
      };
      const flush = () => {
        if (waiting) push(this.unknown, waiting);
        waiting = 0;
      };
      this.symbols(text, start, end).forEach(([char, width], place, all) => {
        const symbol = (place ? this.prefix : "") + char + (place === all.length - 1 ? this.suffix : "");
        const known = this.atoms.get(symbol) ?? this.stranger;
        const spelled = known === undefined && this.fallback ? Array.from(utf8.encode(symbol), (byte) => this.fallback[byte]) : [];
        if (known !== undefined) {
          flush();
          push(known, width);
        } else if (spelled.length && spelled.every((id) => id < this.size)) {
          spelled.forEach((id, byte) => push(id, byte < width ? 1 : 0));
        } else if (this.unknown !== null) {
          if (!this.fuse) flush();
          waiting += width;
        }
      });
      flush();
      return { ids, widths };
    }

    /** Merge in place; `tell` hears the rank and the places of the two, before each merge. */
    merge(ids, widths, tell = () => {}) {
      const many = ids.length;
      const [heap, next, before] = [new Heap(), new Int32Array(many), new Int32Array(many)];
      const rankAt = (at) => (next[at] < many ? this.ranks.get(ids[at] * this.size + ids[next[at]]) : undefined);
      const orderOf = (rank) => (this.orders && rank !== undefined ? this.orders[rank] : rank);
      const offer = (at) => {
        const rank = rankAt(at);
        if (rank !== undefined) heap.push(orderOf(rank) * many + at); // by rank, then from the left
      };
      for (let at = 0; at < many; at++) [next[at], before[at]] = [at + 1, at - 1];
      for (let at = 0; at < many - 1; at++) offer(at);
      while (heap.items.length) {
        const value = heap.pop();
        const [order, at] = [Math.floor(value / many), value % many];
        const rank = ids[at] < 0 ? undefined : rankAt(at);
        if (rank === undefined || orderOf(rank) !== order) continue; // one of the two has been merged since
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

    /** Numbers as ids: unused pieces are cut again, and what is no piece is its bytes or the unknown token. */
    known(text, start, numbers, sizes) {
      const [ids, widths] = [[], []];
      let byte = text.bytes[start];
      let at = start;
      numbers.forEach((number, place) => {
        const from = at;
        for (byte += sizes[place]; text.bytes[at] < byte;) at++;
        const parts = this.unused.get(number) ?? (number < this.pieces ? { ids: [number], widths: [sizes[place]] } : this.strange(text.slice(from, at), sizes[place]));
        ids.push(...parts.ids);
        widths.push(...parts.widths);
      });
      return { ids, widths };
    }

    strange(char, size) {
      if (!this.fallback) return { ids: [this.unknown], widths: [size] };
      const ids = Array.from(utf8.encode(char), (byte) => this.fallback[byte]);
      return { ids, widths: ids.map(() => 1) };
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

    /** Viterbi; single precision as SentencePiece adds, which begins anew beyond 100,000. */
    best(size, edges) {
      const [round, least] = this.single ? [Math.fround, -100000] : [Number, -Infinity];
      const scores = new Float64Array(size + 1).fill(-Infinity);
      const last = new Array(size + 1).fill(null);
      scores[0] = 0;
      for (const edge of edges) {
        const base = scores[edge.start];
        if (base < least || base > -least) for (let at = edge.start; at <= size; at++) scores[at] = round(scores[at] - base);
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

  /** A list of words; any other is its bytes, or the unknown token (toklab/algorithms/models.py, spm_pieces.py). */
  class Word {
    constructor({ texts, ids, unknown, fallback, spread }) {
      Object.assign(this, { unknown, spread, fallback: fallback && unpacked(fallback) });
      this.ids = ids ? keyed(texts, unpacked(ids)) : byText(texts);
    }

    encode(text, start, end) {
      const width = text.bytes[end] - text.bytes[start];
      const word = text.slice(start, end);
      if (!this.fallback || this.ids.has(word)) return { ids: [this.ids.get(word) ?? this.unknown], widths: [width] };
      const ids = Array.from(utf8.encode(word), (byte) => this.fallback[byte]);
      return { ids, widths: ids.map((_, place) => (this.spread ? 1 : place === width - 1 ? width : 0)) };
    }
  }

  return { bpe: Bpe, wordpiece: WordPiece, unigram: Unigram, word: Word };
})();
