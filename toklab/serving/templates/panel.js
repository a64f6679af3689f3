(() => {
  const form = document.getElementById("send");
  const text = document.getElementById("text");
  const file = document.getElementById("file");
  const said = document.getElementById("said");
  const sent = document.getElementById("sent");
  const go = document.getElementById("go");
  const { token, maxBytes } = form.dataset;
  let chosen = null; // the file to send; null is what stands in the box
  let timer = 0;

  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  file.addEventListener("change", () => { if (file.files.length) choose(file.files[0]); });
  document.getElementById("unchoose").addEventListener("click", () => { choose(null); text.focus(); });
  addEventListener("dragover", (event) => { if (holdsFile(event)) event.preventDefault(), form.classList.add("over"); });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("over"); });
  addEventListener("drop", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    form.classList.remove("over");
    choose(event.dataTransfer.files[0]);
  });
  look();

  function holdsFile(event) { return [...event.dataTransfer.types].includes("Files"); }

  /** Send a file instead of what stands in the box, or null for the box. */
  function choose(found) {
    chosen = found;
    if (!found) file.value = "";
    text.disabled = Boolean(found);
    const line = document.getElementById("chosen");
    line.textContent = found ? `${found.name}, ${size(found.size)}` : "";
    line.parentElement.hidden = !found;
    say("");
  }

  function say(what, wrong = false) {
    said.textContent = what;
    said.classList.toggle("wrong", wrong);
  }

  function size(bytes) {
    if (bytes < 1000) return `${bytes} bytes`;
    return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  }

  async function send() {
    const body = chosen ?? new Blob([text.value]);
    if (!body.size) return say("There is no text yet.", true);
    if (body.size > Number(maxBytes)) return say(`The text has ${size(body.size)}; ${size(Number(maxBytes))} is the most that is taken.`, true);
    const query = new URLSearchParams({
      name: chosen ? chosen.name : "pasted text",
      documents: document.getElementById("documents").value,
      train: document.getElementById("train").checked ? "yes" : "no",
    });
    go.disabled = true;
    say("Sending …");
    const answer = await ask(`/texts?${query}`, { method: "POST", headers: { "X-Toklab-Token": token, "Content-Type": "text/plain; charset=utf-8" }, body });
    go.disabled = false;
    if (!answer) return;
    say("Sent.");
    look();
  }

  /** What the server answers to a request, as an object; null where it refuses, which is then said. */
  async function ask(address, options = {}) {
    try {
      const response = await fetch(address, { cache: "no-store", ...options });
      const answer = await response.json();
      if (response.ok) return answer;
      say(answer.error, true);
    } catch {
      say("The server does not answer: it may have ended.", true);
    }
    return null;
  }

  /** Show all texts, and look again while one of them is not done. */
  async function look() {
    clearTimeout(timer);
    const answer = await ask("/texts");
    if (!answer) return;
    const known = new Map([...sent.children].map((item) => [item.dataset.key, item]));
    const items = answer.texts.map((each) => {
      const item = known.get(each.key) ?? make("li", "");
      const now = `${each.state} ${each.done}`;
      if (item.dataset.now === now) return item;
      if (item.dataset.now && each.state === "done") say(`${each.name}: the report is ready.`);
      if (item.dataset.now && each.state === "failed") say(`${each.name}: ${each.error}`, true);
      item.dataset.key = each.key;
      item.dataset.now = now;
      show(item, each);
      return item;
    });
    if (items.length !== sent.children.length || items.some((item, place) => item !== sent.children[place])) sent.replaceChildren(...items);
    if (answer.texts.some(({ state }) => state === "waiting" || state === "running")) timer = setTimeout(look, 500);
  }

  function show(item, each) {
    const focused = item.contains(document.activeElement);
    const what = each.train ? "training anew" : "judging";
    const line = make("div", "", make("span", "what", each.name), make("span", "state", `${size(each.bytes)}, ${what}: ${state(each)}`));
    if (each.state === "running" && each.total) {
      const bar = make("progress", "");
      bar.max = each.total;
      bar.value = each.done;
      bar.setAttribute("aria-label", `Progress on ${each.name}`);
      line.append(bar);
    }
    if (each.state === "done") {
      const link = make("a", "act", "Open the report");
      link.href = `/texts/${each.key}`;
      link.target = "_blank";
      link.rel = "noopener";
      line.append(link);
    }
    if (each.state === "waiting" || each.state === "running") {
      const button = make("button", "act press", "Stop");
      button.type = "button";
      button.addEventListener("click", () => stop(each.key));
      line.append(button);
    }
    item.replaceChildren(line, ...(each.state === "done" ? [figures(each)] : []));
    if (focused) item.querySelector("a, button")?.focus();
  }

  function state({ state, error, done, total, last }) {
    if (state === "failed") return error;
    if (state !== "running" || !total) return state;
    return done < total ? `${done} of ${total} done (last: ${last})` : "making the report";
  }

  async function stop(key) {
    if (await ask(`/texts/${key}`, { method: "DELETE", headers: { "X-Toklab-Token": token } })) look();
  }

  /** Bytes per token of every contender on the text, and on the one that it was trained on. */
  function figures({ name, rows }) {
    const head = ["tokenizer", "pieces", "bytes per token here", "as trained"].map((each) => {
      const cell = make("th", "", each);
      cell.scope = "col";
      return cell;
    });
    const lines = rows.map((row) => {
      const first = make("th", "", row.tokenizer);
      first.scope = "row";
      const here = row.error ? make("td", "", row.error) : figure(row.figure, row.interval);
      return make("tr", "", first, make("td", "", row.vocab_size.toLocaleString("en")), here, figure(row.home.figure, row.home.interval));
    });
    const table = make("table", "", make("caption", "", `Bytes per token on ${name}, and on held-out text of the first comparison`),
      make("thead", "", make("tr", "", ...head)), make("tbody", "", ...lines));
    const box = make("div", "scroll", table);
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", `Figures on ${name}`);
    return box;
  }

  function figure(value, interval) { return make("td", "", value || "–", ...(interval ? [" ", make("small", "", interval)] : [])); }

  /** An element; texts stay texts. */
  function make(tag, kind, ...children) {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    element.append(...children);
    return element;
  }
})();
