// What the widget shows: cards in order, their pictures and states, the strip, and which prompts are read for them.

const Showing = (Base) => class extends Base {
  say(words, kind = "") {
    K.write(this.said, words);
    this.said.dataset.kind = kind;
  }

  /** What the diorama is asked about a scene. */
  question(scene) {
    const [width, height] = drawingSize(this.shape), seeds = this.state[scene.id] ?? [];
    return { prompt: this.story.prompt(scene), camera: scene.camera, width, height, seed: scene.seed !== null ? (scene.seed + scene.take - 1) % 2 ** 32 : seeds[scene.take - 1]?.seed ?? seeds[0]?.seed ?? 0 };
  }

  get shape() { return this.choices.aspects[this.story.plan?.shape ?? "wide"]; }

  /** Prompts in sight are read; those whose picture is the drawing itself come first. */
  wantReadings(after) {
    if (!this.story.plan || !this.asked || this.busy) return;
    const seen = this.story.scenes.filter((scene) => this.sighted.has(scene.id) && scene.prompt.trim() && scene.source.kind === "text"), made = (scene) => this.state[scene.id]?.[scene.take - 1]?.made;
    this.readings.want([...seen.filter((scene) => !made(scene)), ...seen.filter(made)].map((scene) => this.question(scene)), after);
  }

  /** What a card shows. */
  sightOf(scene, entry, answer) {
    const { source } = scene, file = K.reduced() ? "poster.jpg" : "hover.webp";
    if (source.kind === "library") return { kind: "image", address: K.media(`${source.run}/${file}`), said: "Clip of the library" };
    if (source.kind === "file") return { kind: "video", address: source.file?.url };
    if (entry?.made) return { kind: "image", address: `${K.root()}/kinora/part/${entry.key}/${file}`, said: `Clip of the scene ${scene.heading}` };
    if (source.image) return { kind: "image", address: source.image.url, said: source.image.orig_name };
    return { kind: "animatic", answer: answer?.frames ? answer : null, said: answer?.said ?? "", tag: "Animatic", waiting: !answer };
  }

  draw() {
    const { story } = this, { plan } = story;
    this.idea.draw(this.text, { busy: this.busy, planned: Boolean(plan) });
    this.root.setAttribute("aria-busy", String(this.busy));
    this.empty.hidden = Boolean(plan);
    this.board.hidden = !plan;
    if (!plan) return;
    const prints = this.prints(), states = {};
    this.undo.disabled = !story.past.length && !story.before;
    this.redo.disabled = !story.future.length;
    this.cast.draw(plan);
    if (this.notes.dataset.print !== plan.notes.join("\n")) { this.notes.dataset.print = plan.notes.join("\n"); this.notes.replaceChildren(...plan.notes.map((note) => K.el("li", {}, note))); }
    const nodes = plan.scenes.flatMap((scene) => [this.cardOf(scene.id).root, this.gapOf(scene.id)]);
    for (const [id, card] of this.cards) if (!story.find(id)) { this.sight.unobserve(card.root); card.stop(); this.cards.delete(id); this.gaps.delete(id); this.sighted.delete(id); }
    if (!this.carry?.held?.moved) K.settle(this.list, nodes);
    plan.scenes.forEach((scene, index) => {
      const takes = this.takesOf(scene, prints), entry = takes?.[scene.take - 1], badge = this.badge(scene, index, takes, prints[scene.id]), answer = scene.source.kind === "text" ? this.readings.get(this.question(scene)) : null;
      const sight = this.sightOf(scene, entry, answer);
      states[scene.id] = { ...badge, poster: entry?.made ? `${K.root()}/kinora/part/${entry.key}/poster.jpg` : scene.source.kind === "library" ? K.media(`${scene.source.run}/poster.jpg`) : "", share: 0 };
      this.cards.get(scene.id).draw(scene, { index, count: plan.scenes.length, badge, sight, shape: this.shape, answer, fault: faultOf(scene) ?? badge.fault, takes: takes?.map((take) => take.made) });
    });
    this.strip.draw(story, states, Number(this.settings.seconds) || story.seconds);
    this.wantReadings(this.story.before ? TYPING_MS : 0);
  }

  cardOf(id) {
    let card = this.cards.get(id);
    if (!card) {
      card = new Card(id, this);
      card.root.cardId = id;
      this.cards.set(id, card);
      this.sight.observe(card.root);
    }
    return card;
  }

  /** Room behind a card, with a button for a new one. */
  gapOf(id) {
    if (!this.gaps.has(id)) this.gaps.set(id, K.el("div", { class: "sb-gap" }, act("Add a scene here", () => this.addAfter(id), "plus", { kind: "sb-plus" })));
    return this.gaps.get(id);
  }

  /** Text areas that had no width before. */
  grow() {
    for (const card of this.cards.values()) card.grow();
    this.cast.grow();
    grow(this.idea.area);
  }
};

/** What is missing on a card, or nothing. */
function faultOf({ prompt, line: said, source }) {
  if (!prompt.trim()) return "Write what is seen.";
  return source.kind === "head" && !said.trim() ? "Write what the face says." : null;
}
