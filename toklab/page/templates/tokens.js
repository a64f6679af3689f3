/** Tokens of one text by several contenders: a row each, the same in every section. */
const Tokens = (() => {
  const MOST = 300; // tokens of a row that are drawn; a reader of more wants their number
  const SHORT = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  const utf8 = new TextEncoder();
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const tip = document.getElementById("tip");

  /** An element with attributes and what is in it; text is always text. */
  function make(name, attributes = {}, ...inside) {
    const found = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
    found.append(...inside);
    return found;
  }

  /** Text with control and invisible characters as escapes, as toklab writes them elsewhere. */
  function visible(text) {
    return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (char) => {
      const code = char.codePointAt(0);
      const [letter, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
      return SHORT[char] ?? `\\${letter}${code.toString(16).padStart(digits, "0")}`;
    });
  }

  const hexadecimal = (bytes) => [...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");

  /** What bytes look like, and whether they are no whole characters. */
  function look(bytes) {
    if (!bytes.length) return ["∅", false];
    try {
      return [visible(strict.decode(bytes)), false];
    } catch {
      return [hexadecimal(bytes), true];
    }
  }

  /** Say something beside an element for as long as it is pointed at or has the focus. */
  function point(about, text) {
    tip.hidden = !about;
    if (!about) return;
    tip.textContent = text;
    const box = about.getClientRects()[0] ?? about.getBoundingClientRect();
    const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    const above = box.top - tip.offsetHeight - 8;
    tip.style.left = `${Math.max(8, Math.min(box.left, room))}px`;
    tip.style.top = `${above > 0 ? above : box.bottom + 8}px`;
  }

  class Board {
    /**
     * @param root the element with the controls and the rows
     * @param contenders objects with name, size and sized
     * @param cut gives {ids, begins, ends}, ends in bytes, of the text for the contender at a place of that list
     *
     * A press on a token is an event "token" of the document: the contender, the text, and the byte where it begins.
     */
    constructor(root, contenders, cut) {
      Object.assign(this, { contenders, cut, text: "" });
      this.rows = root.querySelector(".rows");
      this.size = root.querySelector(".of-size");
      this.against = root.querySelector(".against");
      this.size?.addEventListener("change", () => { this.offer(); this.draw(); });
      this.against.addEventListener("change", () => this.draw());
      for (const type of ["mouseover", "focusin"]) this.rows.addEventListener(type, ({ target }) => this.tell(target.closest(".token")));
      for (const type of ["mouseout", "focusout"]) this.rows.addEventListener(type, () => point(null));
      this.rows.addEventListener("keydown", (event) => this.move(event));
      this.rows.addEventListener("click", ({ target }) => {
        const { place, begin } = target.closest(".token")?.dataset ?? {};
        if (place === undefined) return;
        const detail = { contender: contenders[place], text: this.text, begin: Number(begin) };
        document.dispatchEvent(new CustomEvent("token", { detail }));
      });
      this.offer();
    }

    /** The places of the contenders of the chosen size, and of those with a size of their own. */
    get shown() {
      const every = this.contenders.map((_, place) => place);
      const size = this.size ? Number(this.size.value) : null;
      return every.filter((place) => size === null || !this.contenders[place].sized || this.contenders[place].size === size);
    }

    /** Offer the shown contenders to be compared with. */
    offer() {
      const before = this.against.value;
      this.against.replaceChildren(...this.shown.map((place) => new Option(visible(this.contenders[place].name))));
      if (this.shown.some((place) => visible(this.contenders[place].name) === before)) this.against.value = before;
    }

    show(text) {
      this.text = text;
      this.draw();
    }

    draw() {
      point(null);
      const bytes = utf8.encode(this.text);
      const shown = this.shown;
      const found = shown.map((place) => this.cut(place));
      const reference = found[this.against.selectedIndex];
      const known = new Set(reference?.ids.map((_, token) => `${reference.begins[token]} ${reference.ends[token]}`));
      this.rows.replaceChildren(...shown.map((place, row) => this.row(place, found[row], bytes, known, found[row] === reference)));
    }

    row(place, { ids, begins, ends }, bytes, known, isReference) {
      const { name } = this.contenders[place];
      const tokens = make("div", { class: "tokens", role: "group", "aria-label": `Tokens of ${visible(name)}` });
      let done = 0;
      let others = 0;
      ids.forEach((id, token) => {
        const differs = !known.has(`${begins[token]} ${ends[token]}`);
        others += differs;
        if (token >= MOST) return;
        if (begins[token] > done) tokens.append(make("span", { class: "dropped" }, look(bytes.subarray(done, begins[token]))[0]));
        done = ends[token];
        const piece = bytes.subarray(begins[token], done);
        const [text, raw] = look(piece);
        const label = `${text}, id ${id}, bytes ${hexadecimal(piece) || "none"}`;
        const kind = `token${raw ? " raw" : ""}${differs ? " differs" : ""}`;
        const data = { "data-place": place, "data-begin": begins[token], "data-id": id };
        tokens.append(make("button", { type: "button", class: kind, tabindex: token ? -1 : 0, "aria-label": label, ...data }, text));
      });
      if (ids.length > MOST) tokens.append(make("span", { class: "more" }, `and ${(ids.length - MOST).toLocaleString("en")} more`));
      const count = `${ids.length.toLocaleString("en")} token${ids.length === 1 ? "" : "s"}${isReference ? "" : `, ${others.toLocaleString("en")} differ`}`;
      return make("div", { class: "row" }, make("div", { class: "who" }, visible(name), make("small", {}, count)), tokens);
    }

    tell(token) {
      if (!token) return point(null);
      const differs = token.classList.contains("differs") ? `; no token of ${this.against.value}` : "";
      point(token, `${token.getAttribute("aria-label")}${differs}`);
    }

    /** Arrow keys go along a row, whose tokens are one stop of the tab key. */
    move(event) {
      const steps = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" };
      const from = event.target.closest(".token");
      if (event.key === "Escape") point(null);
      if (!from || !(event.key in steps)) return;
      event.preventDefault();
      let to = from[steps[event.key]];
      while (to && !to.matches(".token")) to = to[steps[event.key]];
      if (!to) return;
      from.parentElement.querySelector("[tabindex='0']").tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    }
  }

  return { Board, make, visible, look };
})();
