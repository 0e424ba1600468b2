// The widget: the sentence, the storyboard, and what lies between them and Python.

const K = window.kinora;
const TELL_MS = 350, SIGHT_MARGIN = "250px"; // cards that come near the screen are drawn

class SceneCards extends Asking(Showing(Bound(Object))) {
  constructor(root, { props, server, upload, watch, trigger }) {
    super();
    const { limits, choices } = props;
    Object.assign(this, { root, props, server: server ?? {}, upload, trigger, limits, choices, text: "", kept: null, epoch: 0, busy: false, asked: false, full: false, added: null });
    Object.assign(this, { cards: new Map(), gaps: new Map(), sighted: new Set(), state: {}, statePrints: null, once: new Set(), seeds: new Map(), run: null, runMark: "", failed: null });
    this.life = new AbortController();
    const { signal } = this.life, call = (name) => (typeof server?.[name] === "function" ? (question) => server[name](question) : null);
    this.settings = JSON.parse(JSON.stringify(props.settings ?? {}));
    this.story = new Story(limits);
    this.drafts = new Drafts(props.tab);
    this.asker = new Newest(call("state") && (({ prints, ...question }) => server.state(question)), { answered: (answer, question) => this.answeredState(answer, question), limit: EDITING_LIMIT_MS });
    this.readings = new Readings(call("read"), () => this.draw());
    this.build();
    this.carry = new Carry(this.list, { cards: () => this.story.scenes.map((scene) => this.cards.get(scene.id)), put: (id, place) => { if (this.story.move(id, place)) { this.step(); this.say(`Moved to place ${place + 1}.`); } }, signal });
    this.sight = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) this.sighted.add(entry.target.cardId); else this.sighted.delete(entry.target.cardId);
      this.wantReadings(0);
    }, { rootMargin: SIGHT_MARGIN });
    this.sizes = new ResizeObserver(() => this.grow());
    this.sizes.observe(root);
    root.addEventListener("keydown", (event) => this.key(event), { signal });
    addEventListener("kinora-run", (event) => { if (event.detail.tab === props.tab) this.heardRun(event.detail.status); }, { signal });
    watch("value", () => this.receive());
    watch("settings", () => this.follow());
    this.receive();
    this.draw();
  }

  destroy() {
    this.life.abort();
    this.asker.drop();
    this.readings.stop();
    this.sight.disconnect();
    this.sizes.disconnect();
    clearTimeout(this.telling);
    for (const card of this.cards.values()) card.stop();
  }

  build() {
    const { limits } = this, done = () => this.done();
    this.idea = new Idea({ ideas: (this.props.ideas ?? []).map(String), limits, acts: { typed: (text) => { this.text = text; this.draw(); this.tellSoon(); }, write: () => this.write() } });
    this.said = K.el("p", { class: "sb-status", role: "status", "aria-live": "polite" });
    this.notes = K.el("ul", { class: "sb-notes kin-muted" });
    this.undo = K.button("Undo", () => this.travel("undo"), { name: "undo" });
    this.redo = K.button("Redo", () => this.travel("redo"), { name: "redo" });
    this.animatic = act("Animatic: the whole film at once, drawn by the diorama", () => { this.tell(); this.trigger("animatic", { owner: K.owner() }); this.say(ON_ITS_WAY); }, "film", { text: "Animatic" });
    this.cast = new Cast({ limits, acts: { set: (change, end) => { this.story.set(change); this.changed(end); }, done, hero: (hero) => this.hero(hero) } });
    this.strip = new Strip({ limits, acts: { go: (id) => this.go(id), fit: (seconds) => this.fit(seconds) } });
    this.list = K.el("div", { class: "sb-list" });
    this.board = K.el("div", { class: "sb-board", hidden: true }, K.el("div", { class: "sb-tools" }, K.el("span", { class: "kin-label kin-grow" }, "Storyboard"), this.undo, this.redo, this.animatic), this.notes, this.cast.root, this.strip.root, this.list);
    this.empty = K.el("p", { class: "sb-empty kin-muted" }, "The storyboard appears here: a card for each scene, to change, to move, and to film.");
    this.root.replaceChildren(this.idea.root, this.said, this.empty, this.board);
    this.acts = {
      put: (id, change, end) => { this.story.put(id, change); this.changed(end); }, done,
      move: (id, way, which) => this.move(id, way, which), remove: (id) => this.remove(id), duplicate: (id) => this.duplicate(id), split: (id) => this.split(id),
      roll: (id) => { this.story.put(id, { seed: crypto.getRandomValues(new Uint32Array(1))[0] }); this.step(); this.say("Another seed: make the scene to see it."); },
      make: (id) => { this.tell(); this.trigger("make", { only: [id], owner: K.owner() }); },
      say: (words, kind) => this.say(words, kind), upload: this.upload, library: () => this.library(),
    };
  }

  // ---- value -------------------------------------------------------------------------------------------------------

  value() { return { idea: this.text, plan: this.story.plan }; }

  /** What two values must share to be the same: files by their paths, and everything else. */
  print(value) {
    const path = (file) => file?.path ?? null;
    const plan = value.plan && { ...value.plan, scenes: value.plan.scenes.map((scene) => ({ ...scene, source: { ...scene.source, file: path(scene.source.file), image: path(scene.source.image) } })) };
    return JSON.stringify([value.idea ?? "", plan ?? null, value.add ? value.nonce : 0]);
  }

  receive() {
    const news = this.news(), first = news && !this.full && (news.plan || news.idea), draft = first ? this.drafts.take() : null, given = draft ?? news;
    if (!given) return;
    if (given.add) { this.add(given.add); return; }
    this.epoch += 1;
    this.full ||= Boolean(first);
    this.text = String(given.idea ?? "");
    this.story.restart(given.plan ? withFiles(given.plan) : null);
    Object.assign(this, { failed: null, asked: false });
    this.once.clear();
    this.say(given.note ? String(given.note) : "", given.note ? "error" : "");
    this.draw();
    this.askState(0);
    if (draft) this.resume();
    else if (this.text || this.story.plan) this.drafts.keep(this.value());
    if (this.added) this.add(this.added);
  }

  /** The board as it was before a reload. Files may be gone since. */
  async resume() {
    this.tell();
    const { epoch } = this, lost = await lostFiles(this.story.plan);
    if (!lost.length || epoch !== this.epoch) return;
    for (const id of lost) this.story.put(id, { source: PLAIN_SOURCE });
    this.step();
    this.say("Some files are gone since: their scenes are made from the prompt now.", "error");
  }

  /** A clip of the library as a new scene. Before the tab has its first storyboard the clip waits for it. */
  add(result) {
    this.added = null;
    if (!this.full) { this.added = result; return; }
    if (!this.story.plan) { this.tell(); this.say("Write a storyboard first, then send the clip again.", "error"); return; }
    const id = this.story.insert(this.story.clip(result), this.story.scenes.length);
    this.step();
    this.say(id ? "The clip is the last scene now." : `A film has at most ${this.limits.scenes} scenes.`, id ? "" : "error");
    if (id) this.go(id);
  }

  /** What other controls say. Shape and style belong to the plan, too: a change of them is a change of the film. */
  follow() {
    const old = this.settings, now = this.settings = JSON.parse(JSON.stringify(this.props.settings ?? {})), { plan } = this.story;
    const change = Object.fromEntries(["shape", "style"].filter((name) => (old[name] ?? "") !== (now[name] ?? "") && plan && plan[name] !== (now[name] ?? "")).map((name) => [name, now[name] ?? ""]));
    if (Object.keys(change).length) { this.story.set(change); this.step(); }
    this.draw();
    this.askState();
  }

  // ---- changes -----------------------------------------------------------------------------------------------------

  /** Something changed; `end` when it is a step of its own, else the step ends when the hand leaves. */
  changed(end) {
    if (end) this.story.end();
    else this.story.begin();
    this.draw();
    this.wantReadings(TYPING_MS);
    this.askState();
    if (end) this.tell();
    else this.tellSoon();
  }

  step() { this.changed(true); }

  /** The hand leaves a field. */
  done() {
    if (!this.story.before) return;
    this.story.end();
    this.tell();
    this.draw();
  }

  tellSoon() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(), TELL_MS);
  }

  tell() {
    clearTimeout(this.telling);
    super.tell();
    this.drafts.keep(this.value());
  }

  travel(way) {
    this.story.end();
    if (this.story[way]()) { this.tell(); this.draw(); this.askState(0); this.wantReadings(0); this.say(way === "undo" ? "Undone." : "Done again."); }
  }

  move(id, way, which) {
    if (!this.story.move(id, this.story.index(id) + way)) return;
    this.step();
    const card = this.cards.get(id), node = card[which].disabled ? card.grip : card[which];
    node.focus({ preventScroll: true });
    card.root.scrollIntoView({ block: "nearest", behavior: K.reduced() ? "auto" : "smooth" });
    this.say(`Scene ${this.story.index(id) + 1} of ${this.story.scenes.length}.`);
  }

  remove(id) {
    const at = this.story.index(id);
    if (!this.story.remove(id)) { this.say("A film has at least one scene.", "error"); return; }
    this.step();
    this.say("The scene is gone. Undo brings it back.");
    this.cards.get(this.story.scenes[Math.min(at, this.story.scenes.length - 1)].id).root.focus({ preventScroll: true });
  }

  duplicate(id) {
    const copy = this.story.duplicate(id);
    if (!copy) { this.say(`A film has at most ${this.limits.scenes} scenes.`, "error"); return; }
    this.step();
    this.say("A copy stands behind it.");
    this.go(copy);
  }

  async split(id) {
    if (await this.edit("split", { scene: id }, "Splitting…")) this.say("The scene is two now.");
  }

  async addAfter(id) {
    const before = new Set(this.story.scenes.map((scene) => scene.id));
    if (!(await this.edit("add", { scene: id }, "Adding a scene…"))) return;
    const fresh = this.story.scenes.find((scene) => !before.has(scene.id));
    if (fresh) this.go(fresh.id);
  }

  async hero(hero) {
    if (await this.edit("hero", { hero }, "The hero changes in every prompt…")) this.say("The hero is changed in every prompt.");
    else this.cast.draw(this.story.plan);
  }

  fit(seconds) {
    if (this.story.fit(seconds)) { this.step(); this.say(`The film lasts ${tenth(seconds)} s now.`); return; }
    this.say(`The scenes that are not locked cannot make it ${tenth(seconds)} s: each lasts ${this.limits.shortest} to ${this.limits.longest} s.`, "error");
    this.strip.length.value = String(this.story.seconds);
  }

  async library() {
    try {
      const answer = await within(EDITING_LIMIT_MS, this.server.library({ owner: K.owner() }));
      return Array.isArray(answer?.results) ? answer.results : null;
    } catch { return null; }
  }

  key(event) {
    const letter = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || (letter !== "z" && letter !== "y") || event.target.closest("textarea, input[type=text], input[type=number]")) return;
    event.preventDefault();
    event.stopPropagation();
    this.travel(letter === "y" || event.shiftKey ? "redo" : "undo");
  }

  go(id) {
    const card = this.cards.get(id);
    card.root.scrollIntoView({ behavior: K.reduced() ? "auto" : "smooth", block: "center" });
    card.root.focus({ preventScroll: true });
  }
}

const host = element.querySelector(".sb");
host.sceneCards?.destroy(); // Gradio may run this twice on one element, after a key change: the first instance must let go
host.sceneCards = new SceneCards(host, { props, server, upload, watch, trigger });
