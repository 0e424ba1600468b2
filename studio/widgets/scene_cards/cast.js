// What holds the film together: its title and logline, the hero, the colours.

class Cast {
  /** acts: set(change, done), done(), hero({name, phrase}). */
  constructor({ limits, acts }) {
    Object.assign(this, { limits, acts, plan: null });
    this.title = line("Title of the film", { most: limits.plan_title, rows: 1, hint: "Title", kind: "sb-title", typed: (title) => { if (title.trim()) acts.set({ title }, false); }, done: () => { acts.done(); fill(this.title, this.plan?.title); } });
    this.logline = line("The film in one sentence", { most: limits.plan_logline, rows: 1, hint: "The film in one sentence", kind: "sb-logline", typed: (logline) => acts.set({ logline }, false), done: acts.done });
    this.name = line("Name of the hero", { most: limits.hero_name, hint: "Mia, the little red boat", typed: () => {}, done: () => this.told() });
    this.phrase = line("How prompts describe the hero", { most: limits.hero_phrase, hint: "a small red boat", typed: () => {}, done: () => this.told() });
    this.swatches = K.el("div", { class: "sb-swatches" });
    this.more = K.button("Add a colour", () => acts.set({ palette: [...this.plan.palette, "#8a7bb5"] }, true), { name: "plus" });
    this.opening = amount("Seconds of the title card; 0 leaves it out", { low: 0, high: 10, change: (seconds) => acts.set({ title_seconds: seconds }, true) });
    this.root = K.el("div", { class: "sb-head" }, this.title, this.logline, K.el("div", { class: "sb-cast" },
      K.el("div", { class: "sb-box", role: "group", "aria-label": "Hero" }, K.el("span", { class: "kin-label" }, "Hero"), K.el("div", { class: "sb-fields" }, labelled("Name", this.name, "sb-wide"), labelled("In every prompt", this.phrase, "sb-wide"))),
      K.el("div", { class: "sb-box", role: "group", "aria-label": "Colours and title card" }, K.el("span", { class: "kin-label" }, "Colours"), K.el("div", { class: "kin-line" }, this.swatches, this.more), labelled("Title card (s)", this.opening, "sb-row"))));
  }

  /** The hero's phrase stands in all prompts: the change is the planner's, and comes when the hand leaves the field. */
  told() {
    const { hero } = this.plan ?? {}, name = this.name.value.trim(), phrase = this.phrase.value.trim();
    if (!hero || (name === hero.name && phrase === hero.phrase)) return;
    if (phrase) this.acts.hero({ name, phrase });
    else this.draw(this.plan);
  }

  draw(plan) {
    this.plan = plan;
    fill(this.title, plan.title);
    fill(this.logline, plan.logline);
    fill(this.name, plan.hero.name);
    fill(this.phrase, plan.hero.phrase);
    fill(this.opening, plan.title_seconds);
    this.more.hidden = plan.palette.length >= this.limits.palette[1];
    const print = plan.palette.join();
    if (this.swatches.dataset.print !== String(plan.palette.length)) {
      this.swatches.dataset.print = String(plan.palette.length);
      this.swatches.replaceChildren(...plan.palette.map((_, at) => this.swatch(at)));
    }
    if (this.shown !== print) { this.shown = print; [...this.swatches.children].forEach((node, at) => { if (document.activeElement !== node.firstChild) node.firstChild.value = plan.palette[at]; }); }
    this.grow();
  }

  /** Title and logline as high as their text. */
  grow() {
    grow(this.title);
    grow(this.logline);
  }

  swatch(at) {
    const least = this.limits.palette[0], edit = (colour, done) => this.acts.set({ palette: this.plan.palette.map((one, index) => (index === at ? colour : one)) }, done);
    const input = K.el("input", { type: "color", "aria-label": `Colour ${at + 1}` });
    input.addEventListener("input", () => edit(input.value, false));
    input.addEventListener("change", () => this.acts.done());
    const remove = K.el("button", { type: "button", class: "sb-x", "aria-label": `Remove colour ${at + 1}`, onclick: () => this.acts.set({ palette: this.plan.palette.filter((_, index) => index !== at) }, true) }, "×");
    return K.el("span", { class: "sb-swatch" }, input, this.plan.palette.length > least ? remove : null);
  }
}
