// The widget: the song with its beats, and the intervals over it. Keeps the value that Python reads up to date, and asks what is heard when it changes.

const SONG_LIMIT_MS = 160000;

class SongTrack extends Acting(Viewing(Bound(Object))) {
  constructor(root, { props, server, upload, watch, trigger }) {
    super();
    Object.assign(this, { root, props, upload, trigger, file: null, look: null, kept: null, zoom: 1, serial: 0, loading: false, owed: false });
    this.life = new AbortController();
    const { signal } = this.life, call = (name) => (typeof server?.[name] === "function" ? (question) => server[name](question) : null);
    root.replaceChildren();
    this.plan = new Plan();
    this.stills = new Stills(call("stills"), { changed: () => this.stillsCame() });
    this.asker = new Newest(call("listen"), { answered: (answer, question, last) => this.heard(answer, question, last), waiting: (on) => { this.owed = on; this.draw(); }, limit: SONG_LIMIT_MS });
    this.player = new Player({ moved: () => this.showMoment(), changed: () => this.draw(), failed: () => this.say("This browser cannot play the file; a run can use it all the same.", "warn") });
    this.wave = new SongWave();
    this.beats = new Beats(this.plan, {
      changed: () => this.changed(true), listens: () => { this.tell(); this.ask(150); }, say: (line, kind) => this.say(line, kind), play: () => this.player.play(),
      time: () => this.player.time, playing: () => this.player.playing, scale: () => this.scale, draw: () => this.paint(),
    });
    this.lane = new IntervalLane(this.plan, this.stills, {
      changed: (done) => this.changed(done), select: (id) => this.select(id), seek: (at) => this.player.seek(at), preview: () => this.preview(), scale: () => this.scale,
      snap: (at, fine) => this.snap(at, fine), step: (at, way, fine) => this.step(at, way, fine), keys: (event) => this.laneKey(event), said: (piece, index, slots) => pieceSaid(piece, index, slots),
    });
    this.editor = new Editor(root, props, this.plan, this.stills, {
      put: (change, done) => this.put(change, done), prompt: (end, text, done) => this.prompt(end, text, done), roll: (end) => this.roll({ piece: this.plan.selected, end }), take: (end) => this.carry.take({ piece: this.plan.selected, end }),
      putDown: (end) => this.carry.putDown({ piece: this.plan.selected, end }), preview: () => this.preview(), part: () => this.part(), load: (file) => this.loadPicture(file), refused: (line) => this.say(line, "error"),
    }, signal);
    this.build(signal);
    this.carry = new Carry(root, { put: (from, to) => this.copy(from, to), image: (ref) => this.stills.picture(this.slotOf(ref)), changed: () => this.draw() }, signal);
    root.addEventListener("keydown", (event) => this.key(event), { signal });
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.scroller);
    this.dress = new MutationObserver(() => this.paint());
    this.dress.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    watch("value", () => this.receive());
    watch("settings", () => this.follow());
    this.follow();
    this.draw();
    this.receive();
  }

  destroy() {
    this.life.abort();
    this.sizes.disconnect();
    this.dress.disconnect();
    this.asker.drop();
    this.stills.stop();
    this.beats.stop();
    this.player.stop();
  }

  build(signal) {
    const { root } = this;
    const tool = (label, act, name) => K.button(label, act, { name }), choose = (words, kind = "") => K.button(words, () => this.intake.choose(), { name: "plus", text: true, kind });
    this.name = K.el("b", { class: "so-name" });
    this.head = K.el("div", { class: "kin-line so-head" }, K.el("span", { class: "kin-label" }, "Song"), this.full = K.el("div", { class: "kin-line so-file kin-grow" }, this.name, choose("Another song"), tool("Remove the song", () => this.removeSong(), "trash")));
    this.empty = K.el("div", { class: "so-empty" }, K.el("p", {}, "Drop a song here, or a video whose sound it is."), choose("Choose a song", "primary"));
    this.play = tool("Play", () => this.player.toggle(), "play");
    this.moment = K.el("span", { class: "so-clock" });
    this.tempo = K.el("span", { class: "so-tempo", role: "status" });
    this.legend = K.el("span", { class: "so-legend" }, Object.entries(BANDS).map(([name, words]) => K.el("span", {}, K.el("i", { class: `so-dot so-dot-${name}` }), words)));
    this.tools = { undo: tool("Undo", () => this.travel("undo"), "undo"), redo: tool("Redo", () => this.travel("redo"), "redo"), out: tool("Show more of the song", () => this.zoomBy(1 / ZOOM_STEP), "minus"), in: tool("Show it closer", () => this.zoomBy(ZOOM_STEP), "zoom") };
    this.cursor = K.el("div", { class: "so-cursor" });
    this.face = K.el("div", { class: "so-face kin-focus", tabindex: "0", role: "slider", "aria-label": "Moment in the song. Space plays, arrows move by a beat, T taps", "aria-valuemin": "0" }, this.wave.canvas, this.beats.row);
    this.parts = K.el("div", { class: "so-sections", role: "list", "aria-label": "Sections" });
    this.inner = K.el("div", { class: "so-inner" }, this.face, this.parts, this.lane.root, this.cursor);
    this.scroller = K.el("div", { class: "so-scroll" }, this.inner);
    this.acts = {
      split: worded("Split", "Split at the cursor (S)", () => this.split(), "plus"), join: worded("Join", "Join with the next interval (J)", () => this.join(), "link"),
      remove: worded("Delete", "Delete this interval; its time goes to its neighbour", () => this.remove(), "trash"), again: worded("Plan it for me", "The plan that the song suggests, from the theme", () => this.again(), "again"),
    };
    this.state = K.el("span", { class: "kin-muted so-state" });
    this.drawing = K.el("span", { class: "kin-muted so-drawing" }, "Pictures are being drawn…");
    this.said = K.el("p", { class: "so-said", role: "status", "aria-live": "polite" });
    this.retry = K.button("Try again", () => this.tryAgain(), { name: "again", text: true });
    this.track = K.el("div", { class: "so-track" },
      K.el("div", { class: "kin-line" }, this.play, this.moment, this.tempo, K.el("div", { class: "so-tools" }, Object.values(this.tools))),
      this.scroller, this.legend, this.beats.root, K.el("div", { class: "kin-line so-acts", role: "group", "aria-label": "Intervals" }, K.el("span", { class: "kin-muted" }, "Intervals"), Object.values(this.acts), this.state, this.drawing), this.editor.root);
    this.root.append(this.head, this.empty, K.el("div", { class: "kin-line" }, this.said, this.retry), this.track);
    this.intake = new Intake(root, { root, kinds: ["audio", "video"], take: (file) => this.load(file), refuse: (file) => this.say(`“${file.name}” holds no sound: choose an MP3, WAV, M4A, or a video.`, "error"), signal });
    const at = (event) => (event.clientX - this.inner.getBoundingClientRect().left) / this.scale;
    this.face.addEventListener("pointerdown", (event) => {
      if (event.button > 0 || event.pointerType === "touch" || this.beats.held) return; // a finger scrolls; its tap is a click
      this.face.setPointerCapture(event.pointerId);
      this.player.seek(at(event));
    });
    this.face.addEventListener("pointermove", (event) => { if (this.face.hasPointerCapture(event.pointerId)) this.player.seek(at(event)); });
    this.face.addEventListener("pointerup", () => this.draw());
    this.face.addEventListener("click", (event) => { if (event.detail && event.target !== this.beats.row) { this.player.seek(at(event)); this.draw(); } });
    this.scroller.addEventListener("scroll", () => { this.paint(); this.wantStills(200); });
    this.watchView();
  }

  // ---- value -------------------------------------------------------------------------------------------------------

  get seconds() { return this.look?.seconds ?? 0; }

  get scale() { return this.seconds ? (this.room * this.zoom) / this.seconds : 1; }

  get theme() { return String(this.settings.theme ?? "").trim(); }

  value() { return { audio: this.file, grid: this.plan.grid, intervals: this.plan.plain() }; }

  /** What two values must share to be the same: files by their paths, and everything else. */
  print(value) {
    const interval = (one) => [one.start, one.end, one.start_prompt ?? "", one.end_prompt ?? "", one.start_seed ?? null, one.end_seed ?? null, one.pattern, one.driver, one.target, one.strength, one.picture?.path ?? null, one.clip?.path ?? null];
    return JSON.stringify([value.audio?.path ?? null, Grid.plain(value.grid ?? {}), (value.intervals ?? []).map(interval)]);
  }

  receive() {
    const given = this.news();
    if (!given) return;
    this.serial += 1;
    this.loading = false;
    this.forget();
    this.file = asFile(given.audio);
    this.plan.load(given.grid, (given.intervals ?? []).map((one) => ({ ...one, picture: asFile(one.picture), clip: asFile(one.clip) })));
    this.say(given.note ? String(given.note) : "", given.note ? "error" : "");
    this.draw();
    if (this.file) this.ask();
  }

  /** What other controls say: the theme of the plan, style and shape of the stills. */
  follow() {
    const { theme, seed, ...rest } = this.settings ?? {}, now = JSON.parse(JSON.stringify(this.props.settings ?? {}));
    this.settings = now;
    const { theme: newTheme, seed: newSeed, ...newRest } = now;
    this.stills.settings = newRest;
    if (this.file && (theme !== newTheme || seed !== newSeed)) this.ask(TYPING_MS);
    if (JSON.stringify(rest) !== JSON.stringify(newRest)) { this.stills.error = ""; this.draw(); this.wantStills(TYPING_MS); }
  }

  /** Another song: what was known of the one before goes. */
  forget() {
    this.asker.drop();
    this.player.load(null);
    Object.assign(this, { look: null, zoom: 1, before: null });
    this.beats.look = null;
    Object.assign(this.plan, { proposal: [], seconds: 0 });
  }

  // ---- song --------------------------------------------------------------------------------------------------------

  /** A file of the user. One that nobody can hear leaves the song before. */
  async load(file) {
    this.player.pause();
    await bringIn(this, file, { file: this.file, state: this.plan.state }, (kept) => {
      this.forget();
      this.file = kept;
      this.plan.load(null, []);
    });
  }

  removeSong() {
    this.serial += 1;
    this.forget();
    this.file = null;
    this.plan.load(null, []);
    this.say("");
    this.tell();
    this.draw();
    this.empty.querySelector("button").focus();
  }

  ask(after = 0) {
    if (!this.file) return;
    if (!this.look) this.say("Listening to the song…");
    this.asked = this.plan.grid;
    this.asker.ask({ audio: this.file, grid: this.plan.grid, settings: this.settings }, after);
  }

  heard(answer, question, last) {
    if (answer.error) { this.failed(answer); return; }
    const first = !this.look;
    this.look = answer;
    this.before = null;
    this.beats.look = answer;
    this.plan.seconds = answer.seconds;
    this.plan.propose(answer.plan ?? []);
    if (first) {
      this.player.load(this.file.url, answer.seconds);
      this.say((answer.notes ?? []).join(" "));
    }
    this.showParts();
    this.draw();
    this.wantStills(this.stills.known.size ? TYPING_MS : 0);
  }

  async failed(answer) {
    const { before } = this;
    if (before && !answer.lost) {
      this.forget();
      this.file = before.file;
      this.plan.load(before.state.grid, before.state.own.map(({ id, ...one }) => one));
      this.tell();
      if (this.file) this.ask();
    }
    this.say(String(answer.error), "error");
  }

  tryAgain() {
    this.say("");
    if (this.stills.error) this.stills.retry();
    if (!this.look) this.ask();
    this.draw();
  }

  showParts() {
    const print = JSON.stringify(this.look.sections);
    if (print === this.parts.dataset.print) return;
    this.parts.dataset.print = print;
    const hues = [...new Set(this.look.sections.map((one) => one.label))];
    this.parts.replaceChildren(...this.look.sections.map((one) => {
      const node = K.el("span", { class: `so-section so-hue-${hues.indexOf(one.label) % 6}`, role: "listitem", title: `Section ${one.label}: ${clock(one.start, 1)} to ${clock(one.end, 1)}` }, one.label);
      node.span = [one.start, one.end];
      return node;
    }));
  }

  // ---- stills ------------------------------------------------------------------------------------------------------

  /** Those of the chosen interval first, then those in sight. */
  wantStills(after = 0) {
    if (!this.look) return;
    const slots = this.slots(), { list, index } = this.plan, low = this.scroller.scrollLeft / this.scale, high = low + this.room / this.scale;
    const seen = list.map((piece, at) => [piece, slots[at]]).filter(([piece]) => piece.end > low && piece.start < high).flatMap(([, { start, end }]) => [start, end]);
    this.stills.want([slots[index]?.start, slots[index]?.end, ...seen], after);
  }

  /** Own intervals keep the picture that is shown: what was chosen for them is written down. */
  stillsCame() {
    if (this.plan.owned && !this.plan.before) {
      let chosen = false;
      this.slots().forEach(({ start }, index) => {
        const piece = this.plan.list[index], seed = start && start.seed === null && !start.from ? this.stills.seed(start) : undefined;
        if (seed !== undefined) { this.plan.settle(piece.id, { start_seed: seed }); chosen = true; }
      });
      if (chosen) this.tell();
    }
    if (this.stills.error) this.say(this.stills.error, "error");
    this.draw();
  }

  // ---- keys ---------------------------------------------------------------------------------------------------------

  key(event) {
    const letter = event.key.toLowerCase(), typing = event.target.closest("textarea, input, select"), control = event.target.closest("button, a, summary");
    let done = true;
    if ((event.ctrlKey || event.metaKey) && !event.target.closest("textarea, input[type=number]") && (letter === "z" || letter === "y")) this.travel(letter === "y" || event.shiftKey ? "redo" : "undo");
    else if (typing || event.ctrlKey || event.metaKey || event.altKey || !this.look) done = false;
    else if (letter === "t") { if (!event.repeat) this.beats.tap(); }
    else if (event.key === " " && !control) this.player.toggle();
    else if (event.target !== this.face) done = false;
    else if (event.key === "ArrowLeft" || event.key === "ArrowRight") this.player.seek(this.step(this.player.time, event.key === "ArrowLeft" ? -1 : 1, !event.shiftKey));
    else if (event.key === "Home" || event.key === "End") this.player.seek(event.key === "Home" ? 0 : this.seconds);
    else if (letter === "s") this.split();
    else done = false;
    if (done) { event.preventDefault(); event.stopPropagation(); }
  }

  // ---- showing -----------------------------------------------------------------------------------------------------

  say(line, kind = "") {
    K.write(this.said, line);
    this.said.dataset.kind = kind;
    this.draw();
  }

  draw() {
    const { plan, tools, player, look } = this, there = this.seconds > 0;
    this.full.hidden = !this.file;
    this.empty.hidden = Boolean(this.file) || this.loading;
    this.head.hidden = !this.file && !this.loading;
    K.write(this.name, this.file?.orig_name ?? "");
    this.root.classList.toggle("so-owed", Boolean(this.loading || (this.owed && !there)));
    this.retry.hidden = this.said.dataset.kind !== "error" || this.owed || (there ? !this.stills.error : !this.file);
    this.track.hidden = !there;
    if (!there) return;
    this.room = this.scroller.clientWidth || this.room || 600;
    this.inner.style.width = this.zoom > 1 ? `${Math.ceil(this.room * this.zoom)}px` : "100%";
    tools.undo.disabled = !plan.past.length && !plan.before;
    tools.redo.disabled = !plan.future.length;
    tools.out.disabled = this.zoom <= 1;
    tools.in.disabled = this.scale >= CLOSEST - 1;
    this.play.disabled = !player.able;
    const words = player.playing ? "Pause" : "Play";
    if (this.play.dataset.does !== words) { this.play.dataset.does = words; this.play.replaceChildren(K.icon(words.toLowerCase())); this.play.setAttribute("aria-label", words); this.play.title = `${words} (Space)`; }
    K.write(this.tempo, look.beats.length ? `${Math.round(look.tempo * 10) / 10} beats a minute, ${look.meter}/4${look.confidence < 0.3 ? ", unsure: × 2, ÷ 2 or Tap put it right" : ""}` : "no beat found");
    this.tempo.classList.toggle("so-owed-tempo", this.owed);
    for (const node of this.parts.children) { const [start, end] = node.span; Object.assign(node.style, { left: `${start * this.scale}px`, width: `${(end - start) * this.scale}px` }); }
    const slots = this.slots(), { width = 1, height = 1 } = this.settings;
    this.lane.draw(slots);
    this.editor.draw(slots, { taken: this.carry?.taken ?? null, shape: width / height || 1, theme: this.theme });
    this.beats.draw();
    this.acts.join.disabled = plan.index < 0 || plan.index >= plan.list.length - 1;
    this.acts.remove.disabled = !plan.piece || (plan.list.length === 1 && !plan.owned);
    this.acts.again.disabled = !plan.owned;
    this.drawing.hidden = !this.stills.busy;
    K.write(this.state, plan.owned ? plural(plan.list.length, "interval") : "A proposal: change anything to make it yours.");
    this.face.setAttribute("aria-valuemax", this.seconds.toFixed(2));
    this.showMoment();
  }

  showMoment() {
    if (!this.seconds) return;
    const { time, playing } = this.player;
    this.cursor.style.transform = `translateX(${time * this.scale}px)`;
    this.face.setAttribute("aria-valuenow", time.toFixed(2));
    this.face.setAttribute("aria-valuetext", `${clock(time, 1)} of ${clock(this.seconds, 1)}`);
    K.write(this.moment, `${clock(time, 1)} / ${clock(this.seconds)}`);
    if (playing) this.reveal(time);
    this.paint();
  }

  paint() {
    if (this.look) this.wave.draw({ look: this.look, scale: this.scale, left: this.zoom > 1 ? this.scroller.scrollLeft : 0, width: this.room, held: this.beats.held });
  }
}

/** An interval for a screen reader. */
function pieceSaid(piece, index, { start, end }) {
  const own = piece.picture ?? piece.clip, shown = own ? own.orig_name : start.prompt === end.prompt ? start.prompt : `${start.prompt}, then ${end.prompt}`;
  return `Interval ${index + 1}, ${clock(piece.start, 1)} to ${clock(piece.end, 1)}, ${PATTERNS[piece.pattern]?.word.toLowerCase() ?? piece.pattern}: ${shown}`;
}

const host = element.querySelector(".so");
host.songTrack?.destroy(); // Gradio may run this twice on one element, after a key change: the first instance must let go
host.songTrack = new SongTrack(host, { props, server, upload, watch, trigger });
