/**
 * The encoders of toklab, for the models that stand in the page: the same ids, token for token.
 *
 * A text may be changed first. A pattern cuts it into words, and a model gives each word its tokens.
 */
const Encoders = (() => {
  const { Text, Cutter, whole } = Texts;

  /** A contender of the page: its parts are made when they are first asked for something. */
  class Encoder {
    constructor(contender, patterns) {
      this.contender = contender;
      this.patterns = patterns;
    }

    get model() {
      const { model } = this.contender;
      return this.kept("model", new Models[model.kind](model));
    }

    get changes() {
      const { changes } = this.contender;
      return this.kept("changes", changes && new Rules.Changes(changes));
    }

    get cutter() {
      const { pattern } = this.contender;
      return pattern === null ? whole : (this.patterns[pattern].cutter ??= new Cutter(this.patterns[pattern]));
    }

    kept(name, value) {
      Object.defineProperty(this, name, { value });
      return value;
    }

    /** Ids, and the bytes of the text where each begins and ends. */
    encode(string) {
      if (!this.changes) return this.cut(string);
      const { string: changed, sources } = this.changes.apply(string.toWellFormed());
      const all = { ids: [], begins: [], ends: [] };
      let base = 0;
      for (const { text, id } of this.changes.parts(changed)) {
        const size = new Text(text).bytes.at(-1);
        const part = id === undefined ? this.cut(text) : { ids: [id], begins: [0], ends: [size] };
        part.ids.forEach((each, token) => {
          all.ids.push(each);
          all.begins.push(base + part.begins[token]);
          all.ends.push(base + part.ends[token]);
        });
        base += size;
      }
      const found = Rules.fused(all, this.contender.changes.unknown);
      return { ids: found.ids, begins: found.begins.map((at) => sources[at]), ends: found.ends.map((at) => sources[at]) };
    }

    /** The same of a text that is not changed. */
    cut(string) {
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

    /** What the model gets to see of a word from within a text. */
    inside(word) {
      return new Text(this.changes ? this.changes.apply(word.toWellFormed(), true).string : word);
    }

    /** The word in which a byte of a text lies, as one may type it. */
    wordAt(string, begin) {
      const { string: changed, sources } = this.changes ? this.changes.apply(string) : { string, sources: null };
      const text = new Text(changed);
      const from = (place) => (sources ? sources[text.bytes[place]] : text.bytes[place]);
      const found = this.cutter.spans(text).findLast(([first]) => from(first) <= begin);
      if (!found) return "";
      const word = text.slice(...found);
      return this.changes ? word.replaceAll("\u2581", " ") : word;
    }
  }

  return { Encoder, Text };
})();
