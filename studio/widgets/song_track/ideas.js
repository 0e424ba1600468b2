// Words to build a prompt from: a click puts one in, in the place of another of its kind.

const IDEA_KINDS = { subject: "Subjects", colour: "Colours", place: "Places", time: "Times of day" };
const LETTER = /[\p{L}\p{N}]/u;

/** Where one of the phrases stands in the text as whole words: the longest first. [start, end] or null. */
function findPhrase(text, phrases) {
  const low = text.toLowerCase();
  for (const phrase of [...phrases].sort((a, b) => b.length - a.length)) {
    for (let at = low.indexOf(phrase); at >= 0; at = low.indexOf(phrase, at + 1)) {
      if (!LETTER.test(low[at - 1] ?? " ") && !LETTER.test(low[at + phrase.length] ?? " ")) return [at, at + phrase.length];
    }
  }
  return null;
}

/** The prompt with that idea in it. ideas: all kinds. */
function withIdea(prompt, kind, say, ideas) {
  const text = prompt.trim(), found = findPhrase(text, ideas[kind].flatMap((one) => one.words)), replaced = (from, to, words) => `${text.slice(0, from)}${words}${text.slice(to)}`;
  const article = (sentence) => sentence.replace(/\b(a|an) ([a-z])/gi, (whole, one, letter) => `${one[0]}${"aeiou".includes(letter.toLowerCase()) ? "n" : ""} ${letter}`);
  if (found) return article(replaced(...found, say));
  if (!text) return kind === "subject" ? article(`a ${say}`) : kind === "colour" ? article(`a ${say} ${ideas.subject[0].say}`) : say;
  if (kind === "subject") return article(`a ${say} ${text}`);
  if (kind !== "colour") return `${text} ${say}`;
  const noun = findPhrase(text, ideas.subject.flatMap((one) => one.words));
  return article(noun ? replaced(noun[0], noun[0], `${say} `) : `${say} ${text}`);
}

class Ideas {
  /** take(prompt) gets the new prompt; now() gives the present one. */
  constructor(ideas, { take, now }) {
    Object.assign(this, { ideas, now });
    const group = (kind) => K.el("div", { class: "so-ideagroup", role: "group", "aria-label": IDEA_KINDS[kind] }, K.el("span", { class: "kin-muted" }, IDEA_KINDS[kind]),
      ideas[kind].map(({ say }) => K.el("button", { type: "button", class: "so-idea kin-focus", onclick: () => { take(withIdea(now(), kind, say, ideas)); this.mark(); } }, say)));
    this.root = K.el("div", { class: "so-ideas", hidden: true }, Object.keys(IDEA_KINDS).filter((kind) => ideas[kind]).map(group));
  }

  /** The words that the prompt holds already. */
  mark() {
    if (this.root.hidden) return;
    const text = this.now();
    for (const node of this.root.querySelectorAll(".so-idea")) node.classList.toggle("so-in", Boolean(findPhrase(text, [node.textContent.toLowerCase()])));
  }

  toggle(open = this.root.hidden) {
    this.root.hidden = !open;
    this.mark();
  }
}
