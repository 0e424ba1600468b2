// The list of subjects: colour, name, what it is in words and what was understood, how sure its mask is here; and the ways to a new one.

class People {
  /** acts: select(id), rename(id, name, done), words(id, words, done), remove(id), add(words), begin(). limits: {subjects, name, words}. */
  constructor(acts, limits) {
    Object.assign(this, { acts, limits, rows: new Map() });
    this.list = K.el("div", { class: "su-people", role: "list", "aria-label": "Subjects" });
    this.field = K.el("input", { type: "text", class: "kin-input kin-grow", maxlength: String(limits.words), placeholder: "In words: the red car", "aria-label": "A new subject in words" });
    this.field.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); this.add(); } });
    this.byWords = K.button("Add by words", () => this.add(), { name: "text", text: true });
    this.another = K.button("Another subject", () => acts.begin(), { name: "plus", text: true });
    this.adding = K.el("div", { class: "kin-line su-adding" }, this.field, this.byWords, this.another);
    this.root = K.el("div", { class: "su-who" }, this.list, this.adding);
  }

  add() {
    const words = this.field.value.trim();
    if (!words) { this.field.focus(); return; }
    this.field.value = "";
    this.acts.add(words);
  }

  /** entries: [{subject, colour, on, status, doubt, said}] in order. */
  draw(entries) {
    for (const id of this.rows.keys()) if (!entries.some(({ subject }) => subject.id === id)) this.rows.delete(id);
    K.settle(this.list, entries.map((entry, index) => {
      const { id } = entry.subject;
      if (!this.rows.has(id)) this.rows.set(id, this.row(id));
      this.rows.get(id).draw(entry, index, entries.length);
      return this.rows.get(id).root;
    }));
    const full = entries.length >= this.limits.subjects;
    for (const control of [this.field, this.byWords, this.another]) control.disabled = full;
    this.another.hidden = !entries.length;
  }

  row(id) {
    const { acts, limits } = this;
    const choose = K.el("button", { type: "button", class: "su-dot kin-focus", onclick: () => acts.select(id) });
    const name = K.el("input", { type: "text", class: "kin-input kin-grow su-name", maxlength: String(limits.name) });
    const words = K.el("input", { type: "text", class: "kin-input kin-grow", maxlength: String(limits.words), placeholder: "the red car, the person on the left, what moves" });
    const status = K.el("span", { class: "su-status" }), said = K.el("p", { class: "su-understood kin-muted", role: "status", "aria-live": "polite" });
    const remove = K.button("Delete this subject", () => acts.remove(id), { name: "trash" });
    const more = K.el("div", { class: "su-more" }, K.el("label", { class: "kin-line" }, K.el("span", { class: "kin-muted" }, "In words"), words), said);
    const root = K.el("div", { class: "su-person", role: "listitem" }, K.el("div", { class: "kin-rowline" }, choose, name, status, remove), more);
    name.addEventListener("focus", () => acts.select(id));
    name.addEventListener("input", () => acts.rename(id, name.value, false));
    name.addEventListener("change", () => acts.rename(id, name.value, true));
    words.addEventListener("input", () => acts.words(id, words.value, false));
    words.addEventListener("change", () => acts.words(id, words.value, true));
    const fill = (input, value) => { if (document.activeElement !== input || input.value.trim() !== value.trim()) input.value = value; };
    const draw = ({ subject, colour, on, status: state, doubt, said: understood }, index, count) => {
      const title = called({ ...subject, name: subject.name }, index, count);
      root.style.setProperty("--su-colour", colour);
      root.classList.toggle("su-on", on);
      choose.setAttribute("aria-pressed", String(on));
      choose.setAttribute("aria-label", `Choose ${title}`);
      choose.title = `Choose ${title}`;
      remove.setAttribute("aria-label", `Delete ${title}`);
      name.setAttribute("aria-label", `Name of subject ${index + 1}`);
      words.setAttribute("aria-label", `Subject ${index + 1} in words`);
      name.placeholder = called({ ...subject, name: "" }, index, count);
      fill(name, subject.name);
      fill(words, subject.words);
      K.write(status, state);
      status.classList.toggle("su-doubt", doubt);
      K.write(said, understood);
      said.hidden = !understood;
      more.hidden = !on;
    };
    return { root, draw };
  }
}
