/** The held-out sentences, one at a time. */
(() => {
  const { sentences, contenders } = JSON.parse(document.getElementById("sentences").textContent);
  const choice = document.getElementById("sentence");
  const cut = (place) => {
    const [ids, begins, ends] = contenders[place].cuts[choice.selectedIndex];
    return { ids, begins, ends };
  };
  const board = new Tokens.Board(document.getElementById("sentence-board"), contenders, cut);
  const step = (by) => {
    choice.selectedIndex = (choice.selectedIndex + by + sentences.length) % sentences.length;
    board.show(sentences[choice.selectedIndex]);
  };
  choice.addEventListener("change", () => step(0));
  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("following").addEventListener("click", () => step(1));
  step(0);
})();
