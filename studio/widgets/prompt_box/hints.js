// What stands under the text: the sentence of what was understood, the unknown words with their offers, and ideas to start from.

const MOST_WORDS = 5;
const IDEAS_SHOWN = 3;
const SPEAK_AFTER_MS = 900; // A screen reader hears the result of a pause in typing, not of every key.
const DICE_PATH = "M7 4h10a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3zM8.5 8.5h.01M15.5 8.5h.01M12 12h.01M8.5 15.5h.01M15.5 15.5h.01";

class Hints {
  /** offer(word, offer, button): put an offer in the place of an unknown word; fill(text, button): take an idea. */
  constructor(id, { offer, fill }) {
    Object.assign(this, { offer, fill, shown: "" });
    this.said = K.el("p", { class: "pb-said", id: `${id}-said` });
    this.unknown = K.el("div", { class: "pb-unknown", id: `${id}-unknown`, hidden: true });
    this.limit = K.el("p", { class: "pb-limit", id: `${id}-limit`, hidden: true });
    this.live = K.el("div", { class: "pb-live", role: "status", "aria-live": "polite" });
    this.ideas = K.el("div", { class: "pb-ideas", role: "group", "aria-label": "Ideas", hidden: true });
    this.root = K.el("div", { class: "pb-hints" }, this.limit, this.said, this.unknown, this.live);
  }

  /** said: one sentence. kind: "" or error. words: what `unknownWords` gives. */
  show(said, kind, words) {
    this.said.textContent = said;
    this.said.dataset.kind = kind;
    this.said.hidden = !said;
    this.showWords(words);
    this.speak([said, spoken(words)].filter(Boolean).join(" "));
  }

  showWords(words) {
    const print = JSON.stringify(words.map(({ word, meaning, offers }) => [word, meaning, offers]));
    if (print === this.shown) return; // the buttons stay, and with them the focus
    this.shown = print;
    this.unknown.hidden = !words.length;
    const rows = words.slice(0, MOST_WORDS).map((entry) => K.el("li", {},
      K.el("b", {}, shortened(entry.word, 40)),
      entry.meaning || !entry.offers.length ? K.el("span", { class: "kin-muted" }, entry.meaning ? `read as ${entry.meaning}` : "left out") : null,
      entry.offers.map((offer) => K.el("button", {
        type: "button", class: "kin-button pb-chip", "aria-label": `Replace ${entry.word} by ${offer}`, onclick: (event) => this.offer(entry.word, offer, event.currentTarget),
      }, offer))));
    const more = words.length - rows.length;
    if (more > 0) rows.push(K.el("li", { class: "kin-muted" }, `and ${more} more`));
    this.unknown.replaceChildren(K.el("span", { class: "pb-lead" }, "I do not know:"), K.el("ul", {}, rows));
  }

  /** count: characters of the prompt. Says nothing until the limit comes near. Returns whether the prompt is too long. */
  showLength(count, most) {
    const over = count > most, near = count > most * 0.9, of = most.toLocaleString("en");
    this.limit.hidden = !near;
    this.limit.classList.toggle("pb-over", over);
    const line = over ? `${count.toLocaleString("en")} characters are over ${of}: shorten the prompt. Nothing is cut.` : near ? `${count.toLocaleString("en")} of ${of} characters` : "";
    if (this.limit.textContent !== line) this.limit.textContent = line;
    if (over) this.speak(`The prompt is over ${of} characters: shorten it.`);
    return over;
  }

  showIdeas(ideas, current) {
    this.ideas.hidden = !ideas.length;
    if (!ideas.length) return;
    const dice = K.el("button", { type: "button", class: "kin-button pb-dice", "aria-label": "A random idea", title: "A random idea" }, drawnIcon(DICE_PATH));
    dice.addEventListener("click", () => {
      const others = ideas.filter((idea) => idea !== current());
      if (others.length) this.fill(others[Math.floor(Math.random() * others.length)], dice);
    });
    this.ideas.replaceChildren(dice, K.el("span", { class: "kin-muted" }, "Try:"), ...ideas.slice(0, IDEAS_SHOWN).map((idea) =>
      K.el("button", { type: "button", class: "kin-button pb-chip pb-idea", title: idea, onclick: (event) => this.fill(idea, event.currentTarget) }, K.el("span", {}, idea))));
  }

  speak(text) {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => { if (this.live.textContent !== text) this.live.textContent = text; }, SPEAK_AFTER_MS);
  }

  stop() { clearTimeout(this.speaking); }
}

function shortened(word, most) {
  const signs = [...word];
  return signs.length > most ? signs.slice(0, most - 1).join("") + "…" : word;
}

function spoken(words) {
  if (!words.length) return "";
  return `I do not know: ${words.slice(0, MOST_WORDS).map(({ word, offers }) => shortened(word, 40) + (offers.length ? `, offered ${offers.join(" or ")}` : "")).join("; ")}.`;
}
