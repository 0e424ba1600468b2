// The chosen interval in plain controls: its two pictures and prompts, what happens between them, what pulses and what it moves.

const STRONGEST = 2, EXCERPT = 5, TALLEST = 240;

/** One end of the interval: its still, which a click draws anew, and its prompt. */
class EndCard {
  /** acts: prompt(end, text, done), roll(end), take(end), putDown(end). */
  constructor(end, props, acts) {
    Object.assign(this, { end, acts });
    const word = capital(end), most = props.limits?.prompt ?? 400;
    this.still = K.el("button", { type: "button", class: "so-slot so-still kin-focus", "data-end": end, onclick: () => acts.roll(end) });
    this.area = K.el("textarea", { class: "kin-input so-prompt", rows: "2", maxlength: String(most), dir: "auto", "aria-label": `${word} prompt` });
    this.ideas = new Ideas(props.ideas ?? {}, { now: () => this.area.value || this.area.placeholder, take: (prompt) => { this.area.value = prompt.slice(0, most); this.measure(); acts.prompt(end, this.area.value, true); } });
    this.offer = K.button("Ideas", () => { this.ideas.toggle(); this.offer.setAttribute("aria-expanded", String(!this.ideas.root.hidden)); }, { name: "plus", text: true });
    this.offer.setAttribute("aria-expanded", "false");
    this.carry = K.button("Copy picture", () => (this.putting ? acts.putDown(end) : acts.take(end)), { text: true });
    this.title = K.el("span", { class: "kin-muted so-title" }, word);
    this.root = K.el("div", { class: `so-card so-card-${end}`, role: "group", "aria-label": `${word} of the interval` }, this.title, this.still, this.area, K.el("div", { class: "kin-line" }, this.offer, this.carry), this.ideas.root);
    this.area.addEventListener("input", () => { this.measure(); this.ideas.mark(); acts.prompt(end, this.area.value, false); });
    this.area.addEventListener("change", () => acts.prompt(end, this.area.value, true));
  }

  measure() {
    this.area.style.height = "auto";
    if (this.area.scrollHeight) this.area.style.height = `${Math.min(160, this.area.scrollHeight + 2)}px`;
  }

  draw(piece, slot, { stills, taken, title, grey, ratio }) {
    this.root.hidden = !slot;
    if (!slot) return;
    const prompt = piece[`${this.end}_prompt`], picture = stills.picture(slot), waits = stills.waits(slot);
    if (this.area.value !== prompt) { this.area.value = prompt; this.measure(); }
    if (this.area.placeholder !== grey) { this.area.placeholder = grey; this.measure(); }
    K.write(this.title, title);
    this.still.dataset.piece = String(piece.id);
    Object.assign(this.still.style, { aspectRatio: String(ratio), maxWidth: `${Math.round(TALLEST * ratio)}px` });
    this.still.classList.toggle("so-waits", waits);
    showPicture(this.still, picture);
    const words = `${capital(this.end)} picture: ${slot.prompt}. ${picture ? "Click for another one" : waits ? "It is being drawn" : "No picture"}`;
    this.still.setAttribute("aria-label", words);
    this.still.title = picture ? "Click: another picture of these words. Drag: copy it to another place" : "";
    this.still.disabled = !picture;
    this.putting = Boolean(taken) && !same(taken, { piece: piece.id, end: this.end });
    K.write(this.carry.lastChild, this.putting ? "Put here" : taken ? "Put back" : "Copy picture");
    this.carry.setAttribute("aria-label", `${this.carry.lastChild.textContent}: ${this.end}`);
    this.carry.classList.toggle("primary", this.putting);
    this.carry.disabled = !picture && !this.putting;
  }
}

class Editor {
  /** acts: put(change, done) for the chosen piece, prompt, roll, take, putDown, preview(), from() of the preview, load(file), refused(line). */
  constructor(root, props, plan, stills, acts, signal) {
    Object.assign(this, { plan, stills, acts });
    const choose = (label, name, values, words) => {
      const select = K.el("select", { class: "kin-input", "aria-label": label }, values.map((value) => K.el("option", { value }, capital(words[value] ?? value))));
      select.addEventListener("change", () => acts.put({ [name]: select.value }, true));
      return select;
    };
    this.cards = { start: new EndCard("start", props, acts), end: new EndCard("end", props, acts) };
    this.patterns = (props.choices?.patterns ?? []).map((pattern) => K.el("button", { type: "button", class: "so-choice kin-focus", "data-pattern": pattern, title: PATTERNS[pattern]?.says ?? "", onclick: () => acts.put({ pattern }, true) }, patternIcon(pattern), K.el("span", {}, PATTERNS[pattern]?.word ?? pattern)));
    this.driver = choose("What pulses", "driver", props.choices?.drivers ?? [], DRIVERS);
    this.target = choose("What it moves", "target", props.choices?.targets ?? [], TARGETS);
    this.strength = K.el("input", { type: "range", class: "kin-range", min: "0", max: String(STRONGEST), step: "0.05", "aria-label": "How much it moves", title: "Double click: 100 %" });
    this.amount = K.el("span", { class: "so-clock" });
    this.strength.addEventListener("input", () => { plan.begin(); acts.put({ strength: Number(this.strength.value) }, false); });
    this.strength.addEventListener("change", () => { plan.end(); acts.put({}, true); });
    this.strength.addEventListener("dblclick", () => { plan.end(); acts.put({ strength: 1 }, true); });
    this.says = K.el("p", { class: "kin-muted so-says" });
    this.media = K.el("div", { class: "so-own" });
    this.name = K.el("b", { class: "so-name" });
    this.choose = K.button("A photo or clip instead", () => this.intake.choose(), { name: "photo", text: true });
    this.remove = K.button("Back to the prompts", () => acts.put({ picture: null, clip: null }, true), { name: "restore", text: true });
    this.preview = K.button("Preview", () => acts.preview(), { name: "play", kind: "primary", text: true });
    this.title = K.el("b", { class: "so-heading" });
    this.root = K.el("div", { class: "so-editor", role: "group", "aria-label": "The chosen interval" },
      K.el("div", { class: "kin-line" }, this.title, K.el("span", { class: "kin-grow" }), this.preview),
      K.el("div", { class: "so-choices", role: "group", "aria-label": "What happens in it" }, this.patterns),
      K.el("div", { class: "so-cards" }, this.cards.start.root, this.cards.end.root, this.media),
      K.el("div", { class: "kin-line so-file" }, this.choose, this.name, this.remove),
      this.pulse = K.el("div", { class: "so-pulse" }, K.el("label", {}, K.el("span", {}, "What pulses"), this.driver), K.el("label", {}, K.el("span", {}, "moves"), this.target), K.el("label", { class: "so-much" }, K.el("span", {}, "by"), this.strength, this.amount)),
      this.says);
    this.intake = new Intake(this.root, { root, kinds: ["image", "video"], take: acts.load, refuse: (file) => acts.refused(`“${file.name}” is neither a photo nor a clip.`), signal });
  }

  /** slots: `ends` of the list. shape: width / height of the video. taken: the still that is carried, or null. */
  draw(slots, { taken, shape, theme }) {
    const { plan } = this, { piece, index } = plan;
    this.root.hidden = !piece;
    if (!piece) return;
    const { start, end } = slots[index], own = piece.picture ?? piece.clip, card = { stills: this.stills, taken, ratio: shape };
    K.write(this.title, `Interval ${index + 1}: ${clock(piece.start, 1)} to ${clock(piece.end, 1)}`);
    for (const node of this.patterns) node.setAttribute("aria-pressed", String(node.dataset.pattern === piece.pattern));
    this.cards.start.draw(piece, start, { ...card, title: start?.chained ? `Start: continues interval ${index}` : "Start", grey: start?.chained ? start.prompt : piece.start_prompt ? "" : theme });
    this.cards.end.draw(piece, piece.pattern === "freeze" ? null : end, { ...card, title: "End", grey: end?.same ? end.prompt : "" });
    this.media.hidden = !own;
    showPicture(this.media, own ? own.url : null, Boolean(piece.clip));
    K.write(this.name, own?.orig_name ?? "");
    this.name.hidden = this.remove.hidden = !own;
    K.write(this.choose.lastChild, own ? "Another photo or clip" : "A photo or clip instead");
    for (const [select, value] of [[this.driver, piece.driver], [this.target, piece.target]]) if (select.value !== value) select.value = value;
    this.pulse.hidden = piece.pattern === "freeze";
    if (Number(this.strength.value) !== piece.strength) this.strength.value = String(piece.strength);
    fillRange(this.strength);
    K.write(this.amount, `${Math.round(piece.strength * 100)} %`);
    this.strength.setAttribute("aria-valuetext", this.amount.textContent);
    K.write(this.says, movesSaid(piece));
    const [from, to] = this.acts.part();
    K.write(this.preview.lastChild, `Preview ${Math.round((to - from) * 10) / 10} s from ${clock(from)}`);
    this.preview.setAttribute("aria-label", this.preview.lastChild.textContent);
  }
}
