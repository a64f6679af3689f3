"use strict";
(() => {
  const table = document.getElementById("figures");
  if (table) choose(table);
  document.querySelectorAll("table.figures").forEach(sort);
  explain();
  document.querySelectorAll("button.copy").forEach((button) => button.addEventListener("click", () => copy(button)));

  /** Show the columns of one group, and the rows of one size whose names hold a text. */
  function choose(table) {
    const show = document.getElementById("show");
    const size = document.getElementById("size");
    const name = document.getElementById("name");
    const count = document.getElementById("rows");
    const heads = [...table.tHead.rows[0].cells];
    const lines = [...table.tBodies[0].rows];
    const columns = () => {
      const shown = heads.map(({ dataset }) =>
        dataset.group === "" || show.value === "all" || (show.value === "overview" ? "overview" in dataset : dataset.group === show.value));
      heads.forEach((head, place) => { head.hidden = !shown[place]; });
      for (const line of lines) {
        const error = line.querySelector(".error");
        if (error) error.colSpan = Math.max(shown.filter(Boolean).length - 2, 1);
        else [...line.cells].forEach((cell, place) => { cell.hidden = !shown[place]; });
      }
    };
    const rows = () => {
      const part = name.value.trim().toLowerCase();
      for (const line of lines) {
        const other = size && size.value && line.dataset.size && line.dataset.size !== size.value;
        line.hidden = Boolean(other) || !line.cells[0].textContent.toLowerCase().includes(part);
      }
      const left = lines.filter((line) => !line.hidden).length;
      count.textContent = left === lines.length ? "" : `${left} of ${lines.length} rows`;
    };
    show.addEventListener("change", columns);
    if (size) size.addEventListener("change", rows);
    name.addEventListener("input", rows);
    columns();
    rows();
  }

  /** A press on a heading sorts by it, the best first; another one turns the order; what is undefined stays last. */
  function sort(table) {
    const heads = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    const key = (line, place) => {
      if (place === 0) return line.cells[0].textContent;
      const cell = line.cells[place];
      return cell && cell.dataset.order !== undefined ? Number(cell.dataset.order) : null;
    };
    heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
      const first = head.dataset.better === "higher" ? "descending" : "ascending";
      const turned = first === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? turned : first;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const keyed = [...body.rows].map((line) => [key(line, place), line]);
      keyed.sort(([a], [b]) => (a === null ? 1 : 0) - (b === null ? 1 : 0) || (a === null ? 0 : sign * (a < b ? -1 : a > b ? 1 : 0)));
      body.append(...keyed.map(([, line]) => line));
    }));
  }

  /** The meaning of a heading or of a mark beside it while it is pointed at or has the focus. */
  function explain() {
    const tip = document.getElementById("tip");
    let about = null;
    const place = () => {
      if (!about) return;
      const box = about.getBoundingClientRect();
      const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
      const above = box.top - tip.offsetHeight - 8;
      tip.style.left = `${Math.max(8, Math.min(box.left, room))}px`;
      tip.style.top = `${above > 0 ? above : box.bottom + 8}px`;
    };
    const hide = () => { about = null; tip.hidden = true; };
    for (const button of document.querySelectorAll("button[title]")) {
      const text = button.title;
      button.removeAttribute("title"); // the browser's own would stand above this one
      const show = () => {
        about = button;
        tip.textContent = text;
        tip.hidden = false;
        place();
      };
      button.addEventListener("mouseenter", show);
      button.addEventListener("focus", show);
      button.addEventListener("mouseleave", hide);
      button.addEventListener("blur", hide);
    }
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
    document.addEventListener("scroll", place, true);
  }

  /** Copy a signature; where the browser forbids it, select it so that it can be copied by hand. */
  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    const status = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(source.textContent);
      status.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(source);
      status.textContent = "Selected: copy it with the keyboard.";
    }
  }
})();
