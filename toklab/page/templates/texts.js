/** Texts as the encoders see them: code points with their bytes, cut into words by a pattern. */
const Texts = (() => {
  const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array, float64: Float64Array };
  const utf8 = new TextEncoder();

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

  return { Text, Cutter, whole, unpacked, utf8 };
})();
