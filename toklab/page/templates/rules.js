/**
 * How SentencePiece changes a text before it cuts it (toklab/algorithms/spm_normalizer.py), byte by byte, and where
 * every byte of the result comes from.
 */
const Rules = (() => {
  const { unpacked, utf8 } = Texts;
  const [SPACE, PLAIN, REPLACEMENT] = [[0xe2, 0x96, 0x81], [0x20], [0xef, 0xbf, 0xbd]];
  const MOST_RULES = 32; // of nested rules, the library looks at so many, shortest first
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** Bytes of the UTF-8 character that begins with a byte; 0 where none does. */
  const width = (byte) => (byte < 0x80 ? 1 : byte < 0xc0 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4);
  const fits = (piece, bytes, at) => piece.every((byte, place) => bytes[at + place] === byte);

  /** The compiled rules: the longest that fits at a place (toklab/algorithms/spm_charsmap.py). */
  class Charsmap {
    constructor({ units, replacements }) {
      [this.units, this.replacements] = [unpacked(units), unpacked(replacements)];
    }

    longest(bytes, at) {
      const { units } = this;
      const offset = (unit) => (unit >>> 10) << ((unit & 0x200) >>> 6);
      let [found, place, rules] = [null, offset(units[0]), 0];
      for (let end = at; end < bytes.length; end++) {
        place ^= bytes[end];
        const unit = units[place];
        if ((unit & 0x800000ff) >>> 0 !== bytes[end]) break;
        place ^= offset(unit);
        if (unit & 0x100 && rules++ < MOST_RULES) found = [units[place] & 0x7fffffff, end + 1 - at];
      }
      if (found === null) return null;
      const [first, size] = found;
      return [this.replacements.subarray(first, this.replacements.indexOf(0, first)), size];
    }
  }

  class Changes {
    constructor({ charsmap, kept, dummy, strip, escape, behind, exact, apart }) {
      Object.assign(this, { dummy, strip, exact, behind, space: escape ? SPACE : PLAIN });
      this.charsmap = charsmap && new Charsmap(charsmap);
      // Those of the user's pieces at which a text is taken apart are whole texts by themselves.
      this.apart = apart && new Map(apart);
      this.kept = kept.map((text) => [...utf8.encode(text)]).sort((one, two) => two.length - one.length);
    }

    keptAt(bytes, at) {
      return this.kept.find((piece) => fits(piece, bytes, at));
    }

    /** What comes next in the result, and how many bytes of the text that takes. */
    next(bytes, at) {
      const kept = this.keptAt(bytes, at);
      if (kept) return [kept, kept.length];
      const found = this.charsmap?.longest(bytes, at);
      if (found) return found;
      const size = width(bytes[at]);
      return size ? [bytes.subarray(at, at + size), size] : [REPLACEMENT, 1];
    }

    /**
     * A changed text, and of each of its bytes and its end the byte of the text that it comes from; of a word from
     * within a text, to which nothing is added.
     */
    apply(string, isWord = false) {
      const [bytes, out, sources] = [utf8.encode(string), [], []];
      const [strip, dummy] = [this.strip && !isWord, this.dummy && !isWord];
      const isSpace = (found) => found.length === 1 && found[0] === 0x20;
      const add = (values, source) => values.forEach((value) => {
        out.push(value);
        sources.push(source);
      });
      let at = 0;
      while (strip && at < bytes.length && isSpace(this.next(bytes, at)[0])) at += this.next(bytes, at)[1];
      if (at === bytes.length) return { string: "", sources: [at] };
      if (dummy && !this.behind) add(this.space, at);
      let afterSpace = strip;
      while (at < bytes.length) {
        const [found, size] = this.next(bytes, at);
        const own = this.exact && found.length === size && fits([...found], bytes, at);
        let place = 0;
        while (afterSpace && found[place] === 0x20) place++;
        if (place < found.length) afterSpace = strip && found[found.length - 1] === 0x20;
        for (; place < found.length; place++) add(found[place] === 0x20 ? this.space : [found[place]], at + (own ? place : 0));
        at += size;
      }
      while (strip && out.length >= this.space.length && fits(this.space, out, out.length - this.space.length)) {
        out.length -= this.space.length;
        at = sources[out.length];
        sources.length = out.length;
      }
      if (dummy && this.behind) add(this.space, at);
      sources.push(at);
      return { string: decoder.decode(Uint8Array.from(out)), sources };
    }

    /** A changed text taken apart: the stretches of text, and the user's pieces with their ids. */
    parts(string) {
      if (!this.apart) return [{ text: string }];
      const [bytes, found] = [utf8.encode(string), []];
      let done = 0;
      const upTo = (end) => end > done && found.push({ text: decoder.decode(bytes.subarray(done, end)) });
      for (let at = 0; at < bytes.length;) {
        const kept = this.keptAt(bytes, at);
        if (kept) {
          upTo(at);
          done = at + kept.length;
          const text = decoder.decode(bytes.subarray(at, done));
          found.push({ text, id: this.apart.get(text) });
        }
        at += kept ? kept.length : width(bytes[at]) || 1;
      }
      upTo(bytes.length);
      return found;
    }
  }

  /** A run of unknown tokens becomes one. */
  function fused({ ids, begins, ends }, unknown) {
    const found = { ids: [], begins: [], ends: [] };
    ids.forEach((id, token) => {
      if (id === unknown && found.ids.at(-1) === unknown) return (found.ends[found.ends.length - 1] = ends[token]);
      found.ids.push(id);
      found.begins.push(begins[token]);
      found.ends.push(ends[token]);
    });
    return found;
  }

  return { Changes, fused };
})();
