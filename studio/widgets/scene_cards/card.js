// One card of the storyboard: picture, heading, prompt and line in front, everything else folded away.

const TOO_LONG = 1.05; // a line may take this much of its scene before it is said to be too long

class Card {
  /** acts: what can be done to the scene of that id; each takes the id first, but `done`, `upload`, `library` and `say`. */
  constructor(id, { choices, limits, acts }) {
    Object.assign(this, { id, limits, acts, scene: null, marks: [], open: false });
    const put = (change, done, other = id) => acts.put(other, change, done);
    this.grip = act("Move", () => {}, "grip", { kind: "sb-grip" });
    this.number = K.el("b", { class: "sb-number" });
    this.badge = K.el("span", { class: "sb-badge" });
    this.progress = K.el("i", {});
    this.bar = K.el("div", { class: "kin-bar sb-bar", hidden: true }, this.progress);
    this.picture = new Picture();
    this.takes = K.el("div", { class: "sb-takes", role: "group", "aria-label": "Takes" });
    this.heading = line("Heading", { most: limits.scene_heading, rows: 1, hint: "Heading", kind: "sb-heading", typed: (heading) => put({ heading }, false), done: acts.done });
    this.seconds = amount("Seconds", { low: limits.shortest, high: limits.longest, change: (seconds) => put({ seconds }, true) });
    this.prompt = line("What is seen", { most: limits.scene_prompt, rows: 1, hint: "What is seen, and what happens?", kind: "pb-area pb-type", typed: (prompt) => this.typed(prompt), done: acts.done });
    this.prompt.classList.remove("kin-input");
    this.paper = new Marks(this.prompt);
    this.strange = K.el("div", { class: "sb-strange", hidden: true });
    this.line = line("What the narrator says", { most: limits.scene_line, rows: 1, hint: "What the narrator says; empty is silence", kind: "sb-line", typed: (text) => put({ line: text }, false), done: acts.done });
    this.long = K.el("span", { class: "sb-long kin-muted" });
    this.fault = K.el("p", { class: "sb-fault", hidden: true });
    this.make = act("Make this scene", () => acts.make(id), "play", { text: "Make" });
    this.roll = act("Another clip: a new seed", () => acts.roll(id), "dice");
    this.lock = act("Lock: a new storyboard leaves it as it is", () => put({ locked: !this.scene.locked }, true), "unlock");
    this.up = K.button("Move up", () => acts.move(id, -1, "up"), { name: "up" });
    this.down = K.button("Move down", () => acts.move(id, 1, "down"), { name: "down" });
    this.fold = act("More: camera, sound, pictures, takes", () => { this.open = !this.open; this.drawFold(); }, "down", { text: "More", kind: "sb-fold" });
    this.details = new Details({ choices, limits, acts: { ...acts, put } });
    const more = [act("Split into two", () => acts.split(id), "split", { text: "Split" }), act("Copy", () => acts.duplicate(id), "copy", { text: "Copy" }), act("Delete", () => acts.remove(id), "trash", { text: "Delete" })];
    this.details.root.append(K.el("div", { class: "kin-line sb-more" }, more));
    this.root = K.el("article", { class: "sb-card", tabindex: "-1", "data-takes-drop": "" },
      K.el("div", { class: "sb-side" }, this.picture.root, this.bar, this.takes),
      K.el("div", { class: "sb-body" },
        K.el("div", { class: "sb-top" }, this.grip, this.number, this.heading, this.seconds, K.el("span", { class: "kin-muted" }, "s")),
        K.el("div", { class: "pb sb-prompt" }, K.el("div", { class: "pb-frame" }, this.paper.scroller)), this.strange,
        K.el("div", { class: "sb-said" }, glyph("speech"), this.line, this.long), this.fault,
        K.el("div", { class: "kin-line sb-acts" }, this.make, this.roll, this.lock, K.el("span", { class: "kin-grow" }), this.up, this.down, this.fold)),
      this.details.root);
    this.picture.root.append(this.badge, this.length = K.el("span", { class: "sb-seconds" }));
    this.grip.addEventListener("keydown", (event) => {
      const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (way) { event.preventDefault(); event.stopPropagation(); acts.move(id, way, "grip"); }
    });
    for (const kind of ["dragover", "drop"]) this.root.addEventListener(kind, (event) => this.dropped(event, kind));
    this.prompt.addEventListener("blur", () => fill(this.prompt, this.scene.prompt));
  }

  typed(text) {
    this.marks = followEdit(this.marks, editBetween(this.scene.prompt, text));
    this.paper.show(text, this.marks);
    this.acts.put(this.id, { prompt: text }, false);
  }

  /** A file on a card becomes its pictures. */
  dropped(event, kind) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    const [file] = event.dataTransfer.files, what = file && kindOf(file);
    if (kind === "drop" && what !== "video" && what !== "image") return; // the page takes it: a project, or a film
    event.preventDefault();
    if (kind === "drop") { event.stopPropagation(); this.details.source.bring(file, what === "video" ? "file" : "picture"); }
  }

  /** view: {index, count, badge: {kind, words, share}, sight, shape, answer, fault}. */
  draw(scene, view) {
    const { index, count, badge } = view, spent = spoken(scene.line), name = scene.heading.replace(/[.\s]+$/, "") || `scene ${index + 1}`;
    this.scene = scene;
    this.root.dataset.state = badge.kind;
    this.root.classList.toggle("sb-locked", scene.locked);
    this.root.setAttribute("aria-label", `Scene ${index + 1} of ${count}: ${name}. ${badge.words}`);
    K.write(this.number, String(index + 1));
    K.write(this.badge, badge.words);
    this.badge.dataset.kind = badge.kind;
    K.write(this.length, `${tenth(scene.seconds)} s`);
    this.bar.hidden = badge.kind !== "making";
    this.progress.style.width = `${Math.round(100 * (badge.share ?? 0))}%`;
    fill(this.heading, scene.heading);
    fill(this.seconds, tenth(scene.seconds));
    this.seconds.dataset.kept = String(tenth(scene.seconds));
    fill(this.prompt, scene.prompt);
    fill(this.line, scene.line);
    if (this.prompt.value === scene.prompt) this.mark(view.answer);
    const over = spent > scene.seconds * TOO_LONG;
    K.write(this.long, !scene.line.trim() ? "" : over ? `too long: about ${spent.toFixed(1)} s` : `about ${spent.toFixed(1)} s`);
    this.long.dataset.over = String(over);
    K.write(this.fault, view.fault ?? "");
    this.fault.hidden = !view.fault;
    const able = scene.source.kind === "text" || scene.source.kind === "head";
    this.make.hidden = this.roll.hidden = !able;
    this.make.disabled = badge.kind === "made" || badge.kind === "making" || badge.kind === "waiting";
    this.roll.disabled = scene.locked;
    face(this.lock, scene.locked ? "Unlock" : "Lock: a new storyboard leaves it as it is", scene.locked ? "lock" : "unlock");
    this.lock.setAttribute("aria-pressed", String(scene.locked));
    this.grip.setAttribute("aria-label", `Scene ${index + 1}: drag it, or move it with the arrow keys`);
    this.grip.title = "Drag, or press the arrow keys";
    this.up.disabled = index === 0;
    this.down.disabled = index === count - 1;
    this.picture.show(view.sight, view.shape);
    this.drawTakes(scene, view.takes ?? []);
    this.drawFold();
  }

  mark(answer) {
    if (this.read === answer && this.marked === this.scene.prompt) return; // laying the marks out is dear, and most draws change another card
    Object.assign(this, { read: answer, marked: this.scene.prompt });
    this.marks = answer ? marksOf(answer, this.scene.prompt) : this.marks;
    this.paper.show(this.scene.prompt, this.marks);
    const words = unknownWords(this.marks, this.scene.prompt).slice(0, 4), print = JSON.stringify(words);
    if (print === this.strange.dataset.print) return;
    this.strange.dataset.print = print;
    this.strange.hidden = !words.length;
    this.strange.replaceChildren(K.el("span", { class: "kin-muted" }, "Not known:"), ...words.flatMap((one) => [
      K.el("b", {}, [...one.word].slice(0, 40).join("")),
      one.offers.length ? null : K.el("span", { class: "kin-muted" }, one.meaning ? `read as ${one.meaning}` : "left out"),
      ...one.offers.map((offer) => K.el("button", { type: "button", class: "kin-button sb-offer", "aria-label": `Replace ${one.word} by ${offer}`, onclick: () => this.replace(one.word, offer) }, offer)),
    ]).filter(Boolean));
  }

  /** An offer takes the place of its word wherever that stands in the prompt. */
  replace(word, offer) {
    const text = this.scene.prompt, spots = this.marks.filter((mark) => !mark.known && text.slice(mark.start, mark.end).toLowerCase() === word.toLowerCase());
    let prompt = "", at = 0;
    for (const spot of spots) { prompt += text.slice(at, spot.start) + likeCase(offer, text.slice(spot.start, spot.end)); at = spot.end; }
    this.marks = [];
    this.acts.put(this.id, { prompt: (prompt + text.slice(at)).slice(0, this.limits.scene_prompt) }, true);
    this.prompt.focus({ preventScroll: true });
  }

  drawTakes(scene, made) {
    const print = JSON.stringify([scene.takes, scene.take, made]);
    this.takes.hidden = scene.takes < 2 || !["text", "head"].includes(scene.source.kind);
    if (print === this.takes.dataset.print) return;
    this.takes.dataset.print = print;
    const held = this.takes.contains(document.activeElement);
    this.takes.replaceChildren(...Array.from({ length: scene.takes }, (_, index) => K.el("button", {
      type: "button", class: "sb-take kin-focus", "aria-pressed": String(scene.take === index + 1), "aria-label": `Take ${index + 1}${made[index] ? ", made" : ", not made yet"}`, title: made[index] ? "Made" : "Not made yet",
      "data-made": String(Boolean(made[index])), onclick: () => this.acts.put(this.id, { take: index + 1 }, true),
    }, String(index + 1))));
    if (held) this.takes.children[scene.take - 1]?.focus();
  }

  drawFold() {
    this.fold.setAttribute("aria-expanded", String(this.open));
    this.fold.classList.toggle("sb-open", this.open);
    this.details.root.hidden = !this.open;
    if (this.open && this.scene) this.details.draw(this.scene);
    this.grow();
  }

  /** Text areas as high as their text: those of the mirrored prompt grow by themselves. */
  grow() {
    grow(this.heading);
    grow(this.line);
  }

  stop() {
    this.picture.stop();
    this.paper.stop();
  }
}
