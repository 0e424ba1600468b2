// The widget: a video, who is meant in it, and how sure the masks over its time are. Keeps the value that Python reads up to date, and asks the studio what it sees.

const LOOK_LIMIT_MS = 120000, CUT_LIMIT_MS = 30000, TRACKS_LIMIT_MS = 30000;
const TYPING_MS = 450, SETTLE_MS = 300, ERRAND_PATIENCE_MS = 15000;
const STEP = 1, LEAP = 10;

class SubjectEditor extends Marking(Showing(Bound(Object))) {
  constructor(root, { props, server, upload, watch, trigger }) {
    super();
    Object.assign(this, { root, props, upload, trigger, file: null, look: null, tracks: null, told: new Map(), proposals: [], serial: 0, loading: false, owed: {}, tool: "point", radius: BRUSH_RADIUS * 1.5, exact: false, seeing: "overlay", opacity: 0.5, hiding: null, errand: null, version: 0 });
    this.life = new AbortController();
    const { signal } = this.life, can = (name) => (typeof server?.[name] === "function" ? (question) => server[name](question) : null);
    this.model = new Subjects();
    this.looker = new Newest(can("look"), { answered: (answer, question, last) => this.looked(answer, question, last), waiting: (on) => this.wait("look", on), limit: LOOK_LIMIT_MS });
    this.cutter = new Newest(can("cut"), { answered: (answer, question, last) => this.cutCame(answer, question, last), waiting: (on) => this.wait("cut", on), limit: CUT_LIMIT_MS });
    this.tracker = new Newest(can("tracks"), { answered: (answer, question, last) => this.tracksCame(answer, question, last), limit: TRACKS_LIMIT_MS });
    this.frames = new Frames(can("frame"), { question: (frame) => ({ ...this.question(), frame }), came: () => this.draw(), failed: (line) => this.say(line, "error"), waiting: (on) => this.wait("frame", on) });
    this.playback = new Playback({ moved: (frame) => this.moved(frame), changed: () => this.draw(), source: (broken) => this.film(broken), ready: (frame) => this.frames.fresh(frame), want: (frame, options) => this.frames.want(frame, options) });
    this.stage = new Stage();
    this.marker = new Marker(this.stage, {
      tool: () => this.tool, radius: () => this.radius, exact: () => this.exact, colour: () => this.colourOf(this.model.index < 0 ? this.model.list.length : this.model.index), ready: () => Boolean(this.look) && !this.playback.playing,
      tap: (at, avoid) => this.tap(at, avoid), box: (box) => this.boxed(box), stroke: (stroke, erase) => this.stroked(stroke, erase), drawn: () => this.paint(), hover: (at) => this.hover(at),
    }, signal);
    this.people = new People({
      select: (id) => this.select(id), rename: (id, name, done) => this.edit(id, { name }, done), words: (id, words, done) => this.edit(id, { words }, done, true),
      remove: (id) => this.remove(id), add: (words) => this.addWords(words), begin: () => this.begin(),
    }, props.limits);
    this.range = new RangeBar({ changed: (start, end, done) => this.ranged(start, end, done) });
    this.lanes = new Lanes({ seek: (frame) => this.seek(frame), select: (id) => this.select(id), draw: () => this.drawLanes() });
    this.build();
    this.intake = new Intake(this.drop, { root, kinds: ["video", "image"], take: (file) => this.load(file), refuse: (file) => this.say(`“${file.name}” is not a video: choose an MP4, MOV, WebM or GIF file.`, "error"), signal });
    root.addEventListener("keydown", (event) => this.key(event), { signal });
    window.addEventListener("kinora-run", (event) => this.ran(event.detail.status), { signal });
    window.addEventListener("kinora-changed", () => this.askTracks(SETTLE_MS), { signal });
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(root);
    this.dress = new MutationObserver(() => this.draw());
    this.dress.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    watch("value", () => this.receive());
    watch("settings", () => { if (JSON.stringify(this.props.settings) !== this.asked) this.ask(TYPING_MS); });
    this.draw();
    this.receive();
  }

  destroy() {
    this.life.abort();
    this.sizes.disconnect();
    this.dress.disconnect();
    for (const asker of [this.looker, this.cutter, this.tracker]) asker.drop();
    this.frames.reset();
    this.playback.reset();
  }

  // ---- value -------------------------------------------------------------------------------------------------------

  value() { return { video: this.file, start: this.model.state.start, end: this.model.state.end, subjects: this.model.plain() }; }

  /** What two values must share to be the same: the file by its path, the range, the subjects in one spelling. */
  print(value) {
    const whole = (one) => plainSubject({ keyframes: {}, ...one });
    return JSON.stringify([value.video?.path ?? null, Number(value.start) || 0, value.end ?? null, (value.subjects ?? []).map(whole)]);
  }

  receive() {
    const given = this.news();
    if (!given) return;
    const file = asFile(given.video), another = file?.path !== this.file?.path, range = JSON.stringify([this.model.state.start, this.model.state.end]);
    this.serial += 1;
    this.loading = false;
    this.model.load(given);
    if (another) this.forget();
    this.file = file;
    this.say(given.note ? String(given.note) : "", given.note ? "error" : "");
    if (file && (another || !this.look || range !== JSON.stringify([this.model.state.start, this.model.state.end]))) this.ask();
    else this.changed(true, { tell: false });
  }

  /** Another video, or none: what was known of the one before goes. */
  forget() {
    for (const asker of [this.looker, this.cutter, this.tracker]) asker.drop();
    this.frames.reset();
    this.playback.reset();
    this.stage.view.reset();
    this.told.clear();
    Object.assign(this, { look: null, tracks: null, proposals: [], hiding: null, shown: null });
  }

  // ---- video -------------------------------------------------------------------------------------------------------

  /** A file of the user. One that nobody can read leaves the video before. */
  async load(file) {
    if (kindOf(file) === "image" && !/\.gif$/i.test(file.name)) { this.say(`“${file.name}” is a still picture: choose a video, or a GIF.`, "error"); return; }
    this.playback.pause();
    await bringIn(this, file, { file: this.file, state: this.model.state }, (kept) => {
      this.forget();
      this.file = kept;
      this.model.load({});
    });
  }

  clear() {
    this.serial += 1;
    this.forget();
    this.file = null;
    this.model.load({});
    this.say("");
    this.tell();
    this.draw();
    this.empty.querySelector("button").focus();
  }

  question() { return JSON.parse(JSON.stringify({ ...this.value(), settings: this.props.settings ?? {} })); }

  ask(after = 0) {
    if (!this.file) return;
    this.asked = JSON.stringify(this.props.settings);
    if (!this.look) this.say("Looking at the video…");
    this.looker.ask(this.question(), after);
    this.draw();
  }

  async looked(answer, question, last) {
    if (!last || !this.file) return;
    if (answer.error) { this.lookFailed(answer); return; }
    const { serial } = this;
    let picture, outlines;
    try {
      [picture, outlines] = await Promise.all([loaded(answer.picture), Promise.all(answer.proposals.map(async (one, at) => ({ ...one, mask: answer.masks?.[at] ? await greys(answer.masks[at]) : null })))]);
    } catch { this.say(NO_ANSWER, "error"); return; }
    if (serial !== this.serial) return;
    this.before = null;
    this.look = answer;
    this.proposals = outlines.filter((one) => one.mask).map((one) => ({ ...one, edge: painted(one.mask.pixels.map((value) => (value > 127 ? 1 : 0)), one.mask.width, one.mask.height, [null, [255, 255, 255]], 1).edge }));
    this.stage.view.setImage(answer.width, answer.height);
    this.frames.reset();
    Object.assign(this.playback, { frames: answer.frames, fps: answer.fps });
    this.playback.frame = Math.min(this.playback.frame, answer.frames - 1);
    this.first = picture;
    if (!this.refused && this.note.dataset.kind !== "warn") this.say(answer.note ?? "");
    this.refused = false;
    this.changed(true, { tell: false });
    this.explain();
  }

  lookFailed(answer) {
    const { before } = this;
    if (before?.file && !answer.lost && !this.look) {
      this.forget();
      this.file = before.file;
      this.model.restart(before.state);
      this.before = null;
      this.refused = true; // why the other file was not taken stays to be read
      this.tell();
      this.ask();
    }
    this.say(String(answer.error), "error");
  }

  /** One end of the range moved. */
  ranged(start, end, done) {
    if (!this.ranging) { this.ranging = true; this.model.begin(); }
    this.model.range(start, end, this.look.fps);
    if (!done) { this.draw(); return; }
    this.ranging = false;
    this.model.end();
    this.playback.pause();
    this.told.clear();
    this.tracks = null;
    this.tell();
    this.ask(SETTLE_MS);
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  get frame() { return this.playback.frame; }

  seek(frame) {
    if (!this.look) return;
    this.playback.seek(frame);
    if (!this.playback.playing) this.lanes.reveal();
  }

  moved(frame) {
    if (!this.playback.playing) this.frames.want(frame, { last: this.playback.frames - 1 });
    this.draw();
  }

  get stale() { return (this.tracks?.subjects ?? []).flatMap((one) => one.stale ?? []); }

  /** True when something was followed, be it stale: a mask is known on more frames than the marked ones. */
  get known() { return (this.tracks?.subjects ?? []).some((one) => this.knownOf(one)); }

  knownOf(one) { return (one.confidence ?? []).filter((sure) => sure > 0).length > Math.max(1, one.keys?.length ?? 0); }

  /** What plays the range best: the followed clip with its masks, the file itself when masks are not wanted or not there, else single frames. */
  film(broken) {
    const clip = this.seeing === "overlay" && this.known && !this.stale.length ? this.tracks.clip?.url ?? (this.shown?.print === this.spelled(this.value()) ? this.shown.address : null) : null;
    if (clip && !broken.has(clip)) return { kind: "clip", address: clip, offset: 0 };
    const bare = this.seeing === "video" || (!this.known && this.seeing !== "mask");
    if (bare && this.file?.url && !broken.has(this.file.url)) return { kind: "file", address: this.file.url, offset: this.model.state.start };
    return { kind: "steps" };
  }

  /** The next frame, or the one before, at which a mask is doubtful; its subject is chosen. */
  doubt(way) {
    const all = this.doubts(), next = way > 0 ? all.find((one) => one.frame > this.frame) : all.findLast((one) => one.frame < this.frame);
    const found = next ?? (way > 0 ? all[0] : all.at(-1));
    if (!found) { this.say("No frame is doubtful."); return; }
    this.model.selected = found.id;
    this.playback.pause();
    this.seek(found.frame);
  }

  doubts() {
    const all = (this.tracks?.subjects ?? []).flatMap((one, at) => (one.doubtful ?? []).map((frame) => ({ frame, id: this.trackedIds?.[at] })));
    return all.filter(({ id }) => this.model.list.some((one) => one.id === id)).sort((a, b) => a.frame - b.frame);
  }

  // ---- following ---------------------------------------------------------------------------------------------------

  /** Asks the page for a run that follows the subjects through the range. */
  follow() {
    this.playback.pause();
    this.tell();
    this.errand = { since: performance.now(), run: null, words: "Waiting for the studio…", share: 0 };
    this.lanes.face.focus({ preventScroll: true }); // the button is about to be disabled, and keys should go on
    this.trigger("follow", { owner: K.owner() });
    setTimeout(() => { if (this.errand && !this.errand.run) { this.errand = null; this.draw(); } }, ERRAND_PATIENCE_MS);
    this.draw();
  }

  /** What masks depend on, in one spelling, whoever holds it. */
  spelled({ start, end, subjects }) { return JSON.stringify([Number(start) || 0, end ?? null, (subjects ?? []).map((one) => plainSubject({ keyframes: {}, ...one, name: "" }))]); }

  /** The run panel tells of a run of this tab. */
  ran(status) {
    if (status.task !== this.props.task) return;
    if (status.state === "done" && status.result?.clip) this.shown = { address: K.media(`${status.id}/${status.result.clip}`), print: this.spelled(status.request ?? {}) };
    if (status.active) {
      const count = status.count ? ` ${status.count[0]} of ${status.count[1]}` : "";
      this.errand = { run: status.id, words: `${status.stage ?? "Waiting"}${count}`, share: status.share ?? 0 };
    } else if (this.errand) {
      this.errand = null;
      this.followed(status);
    }
    this.draw();
  }

  followed(status) {
    if (status.state === "failed") this.say(status.error ?? "It could not be followed.", "error");
    else this.say("");
    this.version += 1;
    this.changed(true, { tell: false });
  }

  askTracks(after = 0) {
    if (this.look && this.tracker.read && this.model.list.length && this.root.offsetParent) this.tracker.ask({ ...this.question(), ids: this.model.list.map((one) => one.id) }, after);
  }

  tracksCame(answer, question, last) {
    if (!last || !this.look) return;
    if (answer.error) { if (!answer.lost) this.say(String(answer.error), "error"); return; }
    const before = this.known;
    this.tracks = { ...answer, clip: asFile(answer.clip) };
    this.trackedIds = question.ids;
    this.tracksPrint = this.spelled(question);
    if (this.known && !before) { this.version += 1; this.followPrint(); this.frames.want(this.frame, { last: this.playback.frames - 1 }); }
    this.draw();
  }

  // ---- keys ---------------------------------------------------------------------------------------------------------

  key(event) {
    const { key } = event, letter = key.length === 1 ? key.toLowerCase() : key, typing = event.target.closest("textarea, input:not([type=range]):not([type=checkbox]), select"), control = event.target.closest("button, a, summary");
    const onStage = event.target === this.stage.canvas, arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    let done = true;
    if ((event.ctrlKey || event.metaKey) && !typing && (letter === "z" || letter === "y")) this.travel(letter === "y" || event.shiftKey ? "redo" : "undo");
    else if (typing || event.ctrlKey || event.metaKey || !this.look || event.target.matches("input[type=range]")) done = false;
    else if (onStage && this.marker.cursor && arrow) this.whisper(this.marker.step(arrow, event.shiftKey));
    else if (onStage && key === "Enter") this.whisper(this.marker.enter(event.altKey));
    else if (key === "Escape" && (this.marker.abandon() || this.marker.cursor || this.hiding !== null)) { this.marker.setCursor(null); this.hiding = null; this.draw(); }
    else if (event.altKey) done = false;
    else if (letter === " " && !control) this.playback.toggle();
    else if (arrow?.[0]) { this.playback.pause(); this.seek(this.frame + arrow[0] * (event.shiftKey ? LEAP : STEP)); }
    else if (key === "Home" || key === "End") this.seek(key === "Home" ? 0 : this.playback.frames - 1);
    else if (letter === "n" || letter === "p") this.doubt((letter === "n") === !event.shiftKey ? 1 : -1);
    else if (Object.values(TOOLS).some((tool) => tool.key === letter)) this.choose(Object.keys(TOOLS).find((name) => TOOLS[name].key === letter));
    else if (letter === "[" || letter === "]") this.setRadius(this.radius * (letter === "[" ? 0.8 : 1.25));
    else if (letter === "+" || letter === "=" || letter === "-" || letter === "0") this.zoom(letter === "0" ? 0 : letter === "-" ? 0.8 : 1.25);
    else if (letter === "g") this.gone();
    else if (letter === "h") this.hide();
    else if (key === "Delete" && !control) this.unmark();
    else done = false;
    if (done) { event.preventDefault(); event.stopPropagation(); }
  }

  zoom(factor) {
    const { view } = this.stage;
    if (factor) view.zoomAt(view.width / 2, view.height / 2, factor);
    else view.reset();
    this.paint();
  }
}

const host = element.querySelector(".su");
host.subjectEditor?.destroy(); // Gradio may run this twice on one element, after a key change: the first instance must let go
host.subjectEditor = new SubjectEditor(host, { props, server, upload, watch, trigger });
