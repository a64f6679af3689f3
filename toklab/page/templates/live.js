/** The box to type in, and the word whose cut is explained. */
(() => {
  const PAUSE = 120; // milliseconds without a key before the text is cut
  const { patterns, contenders } = JSON.parse(document.getElementById("models").textContent);
  const encoders = contenders.map((contender) => new Encoders.Encoder(contender, patterns));
  const typed = document.getElementById("typed");
  const root = document.getElementById("live-board");
  const word = document.getElementById("word");
  const wordOf = document.getElementById("word-of");
  const inside = document.getElementById("inside");
  const board = new Tokens.Board(root, contenders, (place) => encoders[place].encode(board.text));
  const severalSizes = new Set(contenders.filter(({ sized }) => sized).map(({ size }) => size)).size > 1;

  const draw = () => {
    board.show(typed.value.toWellFormed());
    root.setAttribute("aria-busy", "false");
  };
  const explain = () => {
    inside.replaceChildren(...Words.explain(encoders[wordOf.selectedIndex], word.value.toWellFormed()));
    inside.setAttribute("aria-busy", "false");
  };
  const later = (box, work) => {
    let timer = 0;
    return () => {
      box.setAttribute("aria-busy", "true");
      clearTimeout(timer);
      timer = setTimeout(work, PAUSE);
    };
  };
  typed.addEventListener("input", later(root, draw));
  word.addEventListener("input", later(inside, explain));
  wordOf.append(...contenders.map(({ name, size, sized }) => new Option(Tokens.visible(name) + (sized && severalSizes ? `, ${size.toLocaleString("en")}` : ""))));
  wordOf.addEventListener("change", explain);

  document.addEventListener("token", ({ detail: { contender, text, begin } }) => {
    const place = contenders.findIndex(({ name, size }) => name === contender.name && size === contender.size);
    if (place < 0) return;
    wordOf.selectedIndex = place;
    word.value = encoders[place].wordAt(text, begin);
    explain();
    document.getElementById("word-heading").scrollIntoView({ block: "nearest" });
  });

  // Large models are unpacked when their section comes near, not while the page opens.
  const watch = new IntersectionObserver(([{ isIntersecting }]) => {
    if (!isIntersecting) return;
    watch.disconnect();
    draw();
    explain();
  }, { rootMargin: "400px" });
  watch.observe(root);
})();
