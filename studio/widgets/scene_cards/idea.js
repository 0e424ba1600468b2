// The sentence that a storyboard comes of, and sentences to start from.

const IDEAS_SHOWN = 3;

class Idea {
  /** acts: typed(text), write(). */
  constructor({ ideas, limits, acts }) {
    Object.assign(this, { ideas, acts });
    const id = `sb-${Math.random().toString(36).slice(2, 9)}`;
    this.area = K.el("textarea", { id, class: "kin-input sb-idea", rows: "2", maxlength: String(limits.idea), dir: "auto", placeholder: "Who, what do they want, where? One sentence is enough, in any language." });
    this.button = act("Write the storyboard", acts.write, "edit", { text: "Write the storyboard", kind: "primary sb-write" });
    this.area.addEventListener("input", () => { acts.typed(this.area.value); grow(this.area); });
    this.area.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.isComposing) { event.preventDefault(); acts.write(); } });
    const dice = act("Another idea", () => { const others = ideas.filter((one) => one !== this.area.value); if (others.length) this.take(others[Math.floor(Math.random() * others.length)]); }, "dice", { kind: "sb-dice" });
    const offers = K.el("div", { class: "sb-ideas", role: "group", "aria-label": "Ideas" }, dice, ideas.slice(0, IDEAS_SHOWN).map((idea) => K.el("button", { type: "button", class: "kin-button sb-offer", title: idea, onclick: () => this.take(idea) }, K.el("span", {}, idea))));
    this.root = K.el("div", { class: "sb-start" }, K.el("label", { class: "kin-label", for: id }, "Your film in one sentence"), this.area, K.el("div", { class: "sb-startline" }, this.button, ideas.length ? offers : null));
  }

  take(idea) {
    this.area.value = idea;
    this.acts.typed(idea);
    grow(this.area);
    this.area.focus({ preventScroll: true });
  }

  draw(text, { busy, planned }) {
    fill(this.area, text);
    grow(this.area);
    this.button.disabled = busy || !text.trim();
    K.write(this.button.lastChild, busy ? "Writing…" : planned ? "Write it anew" : "Write the storyboard");
    this.button.setAttribute("aria-label", this.button.lastChild.textContent);
    this.button.title = planned ? "A new storyboard; locked scenes stay, and undo brings this one back" : "Write the storyboard";
    this.button.classList.toggle("primary", !planned);
  }
}
