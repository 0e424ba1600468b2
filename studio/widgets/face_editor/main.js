// The widget: holds the parts together, keeps the value that Python reads up to date, and asks where the face is when picture, face or points change.

const KEYS_REST_MS = 300;
const HISTORY = 100;
const CONSENT = "Use a face only if its owner agrees. Every result says in its file that it is made by AI.";

class FaceEditor extends Bound(Object) {
  constructor(root, { props, server, upload, watch }) {
    super();
    Object.assign(this, { root, props, upload, source: null, face: 0, landmarks: [], look: null, picture: null, past: [], future: [], serial: 0, mesh: true, near: false });
    this.life = new AbortController();
    const { signal } = this.life, can = (name) => (typeof server?.[name] === "function" ? (question) => server[name](question) : null);
    this.looker = new Newest(can("look"), { answered: (answer, question, last) => this.looked(answer, question, last), waiting: (on) => this.wait("look", on) });
    this.stage = new Stage({ choose: (point) => this.choose(point), moved: (...what) => this.moved(...what), reset: (name) => this.resetPoint(name), placed: (at) => this.guide.place(at) });
    this.guide = new Guide(this.stage, { done: (points) => this.markFour(points), left: () => this.refresh() });
    this.camera = new Camera({ taken: (file) => this.load(file), refused: (line) => this.say(line, "error"), closed: () => this.refresh() });
    this.trying = new Trying(can("try_face"), { question: () => (this.found ? this.question() : null), shown: (address, box) => this.stage.layTried(address, box), changed: () => this.refresh(), said: (line) => this.say(line, "error") });
    this.build();
    this.intake = new Intake(this.drop, { root, kinds: ["image", "video"], take: (file) => this.load(file), refuse: (file) => this.say(`“${file.name}” is neither a photo nor a video: choose a JPEG, PNG, WebP or MP4 file.`, "error"), signal });
    root.addEventListener("keydown", (event) => this.key(event), { signal });
    this.sizes = new ResizeObserver(() => this.stage.layout());
    this.sizes.observe(root);
    watch("value", () => this.receive());
    this.refresh();
    this.receive();
  }

  destroy() {
    this.life.abort();
    this.sizes.disconnect();
    this.camera.close();
    for (const asker of [this.looker, this.trying.asker]) asker.drop();
  }

  build() {
    const camera = () => { if (Camera.possible) { this.camera.open(); this.refresh(); } else this.intake.choose("user"); };
    const tool = (label, act, name, { words = label, ...options } = {}) => {
      const node = K.button(label, act, { name, text: true, ...options });
      node.lastChild.textContent = words;
      return node;
    };
    this.empty = K.el("div", { class: "fe-empty" },
      svg("svg", { viewBox: "0 0 120 120", class: "fe-figure", "aria-hidden": "true" }, svg("path", { d: "M60 14c-22 0-35 17-35 41 0 28 17 51 35 51s35-23 35-51c0-24-13-41-35-41M41 50q7-6 14 0M65 50q7-6 14 0M46 80q14 12 28 0M60 55v12" })),
      K.el("strong", {}, "A face that will speak"),
      K.el("p", { class: "kin-muted" }, "Drop a portrait, a drawing, or a video of a speaker here, or paste one."),
      K.el("div", { class: "kin-line fe-ways" }, tool("Choose a photo or video", () => this.intake.choose(), "photo", { kind: "primary" }), tool("Camera", camera, "camera")),
      K.el("p", { class: "kin-muted fe-consent" }, CONSENT));
    this.drop = K.el("div", { class: "fe-drop" }, this.empty, this.camera.root, this.stage.root);
    this.said = K.el("p", { class: "fe-said", role: "status", "aria-live": "polite" });
    this.again = tool("Look again", () => this.ask(), "again");
    this.notes = K.el("ul", { class: "fe-notes kin-note" });
    this.tools = {
      another: tool("Another picture", () => this.intake.choose(), "photo", { words: "Change" }), camera: tool("Camera", camera, "camera"),
      remove: K.button("Remove the picture", () => this.clear(), { name: "trash" }),
      mesh: tool("Mesh", () => { this.mesh = !this.mesh; this.refresh(); }, "mesh"), near: tool("Zoom to the face", () => { this.near = !this.near; this.refresh(); }, "zoom", { words: "Zoom" }),
      reset: tool("Reset points", () => this.change({ landmarks: [] }), "restore"), hand: tool("Mark by hand", () => this.byHand(), "plus"),
    };
    this.bar = K.el("div", { class: "kin-line fe-bar", role: "group", "aria-label": "Picture and face" }, Object.values(this.tools));
    this.root.replaceChildren(this.drop, K.el("div", { class: "fe-line" }, this.said, this.again), this.guide.root, this.notes, this.bar, this.trying.root);
  }

  // ---- value -------------------------------------------------------------------------------------------------------

  get found() { return Boolean(this.look && Object.keys(this.look.handles ?? {}).length); }

  value() {
    const kind = this.source?.kind;
    return { portrait: kind === "portrait" ? this.source.file : null, video: kind === "video" ? this.source.file : null, face: this.face, landmarks: this.landmarks };
  }

  /** What two values must share to be the same: the file by its path, the face, the points. */
  print(value) {
    return JSON.stringify([value.portrait?.path ?? null, value.video?.path ?? null, value.face ?? 0, value.landmarks ?? []]);
  }

  receive() {
    const given = this.news();
    if (!given) return;
    const kind = given.video?.path ? "video" : "portrait", file = asFile(given[kind]);
    this.serial += 1;
    this.adopt(file && { kind, file, mine: false }, given.face ?? 0, given.landmarks ?? []);
    if (file && kind === "portrait") this.preview(file.url);
    if (given.note) this.say(String(given.note), "error");
  }

  /** Another picture, or none: everything that belonged to the one before goes. */
  adopt(source, face = 0, landmarks = []) {
    Object.assign(this, { source, face, landmarks, look: null, picture: null, past: [], future: [], near: false });
    this.looker.drop();
    this.trying.forget();
    this.guide.stop();
    if (!source) this.stage.clear();
    this.say("");
    this.refresh();
    this.ask();
  }

  // ---- picture -----------------------------------------------------------------------------------------------------

  /** A file of the user: shown at once where the browser can, uploaded behind. One that nobody can read leaves the picture before. */
  async load(file) {
    const serial = ++this.serial, kind = kindOf(file) === "video" ? "video" : "portrait", address = URL.createObjectURL(file), before = { ...this, picture: this.picture };
    let kept, shown = false;
    this.camera.close();
    this.guide.stop();
    this.looker.drop();
    this.trying.forget();
    this.look = null;
    this.wait("load", true);
    this.say(`Loading ${file.name}…`);
    this.refresh();
    if (kind === "portrait") shown = await this.preview(address);
    try {
      kept = await storeFile(this.upload, file);
    } catch {
      if (serial === this.serial) this.putBack(before, `“${file.name}” did not reach the studio: check its size and the connection, then load it again.`);
      return;
    } finally {
      URL.revokeObjectURL(address);
      if (serial === this.serial) this.wait("load", false);
    }
    if (serial !== this.serial) return;
    this.adopt({ kind, file: kept, mine: true, shown, before });
    this.tell();
  }

  preview(address) { return this.stage.show(address); }

  /** The state before a file that could not be used. */
  putBack({ source, face, landmarks, look, picture, past, future }, sentence) {
    this.looker.drop();
    Object.assign(this, { source, face, landmarks, look, picture, past, future });
    if (picture) this.stage.show(picture);
    else this.stage.clear();
    this.tell();
    this.refresh();
    if (source && !look) this.ask();
    this.say(sentence, "error");
  }

  clear() {
    this.serial += 1;
    this.adopt(null);
    this.tell();
    this.empty.querySelector("button").focus();
  }

  // ---- looking -----------------------------------------------------------------------------------------------------

  question() { return JSON.parse(JSON.stringify(this.value())); }

  ask(after = 0) {
    if (!this.source) return;
    this.looker.ask(this.question(), after);
    if (!this.look) this.say("Looking for a face…");
  }

  async looked(answer, question, last) {
    if (!last || !this.source) return;
    if (answer.error) { this.failed(answer); return; }
    const { serial } = this, path = this.source.file.path;
    if (typeof answer.picture === "string" && answer.picture.startsWith("data:image/") && answer.picture !== this.picture) {
      const shown = await this.stage.show(answer.picture);
      if (serial !== this.serial || path !== this.source?.file.path) return;
      if (shown) this.picture = answer.picture;
    }
    const first = !this.look;
    this.look = answer;
    this.source.before = null;
    if (answer.width > 0 && answer.height > 0) this.stage.setShape(answer.width, answer.height);
    if (first && !this.found) this.guide.start(false);
    this.refresh();
    this.sayFound(answer, question);
    if (this.trying.moved) this.trying.ask();
  }

  failed(answer) {
    const { source } = this;
    if (source.mine && !source.shown && !this.look && !answer.lost && source.before) this.putBack(source.before, String(answer.error));
    else this.say(String(answer.error), "error");
    this.refresh();
  }

  sayFound({ faces, notes }) {
    const lines = [...(notes ?? [])].map(String);
    if (!this.found) { this.say(lines.shift() ?? "No face was found."); this.note(lines); return; }
    const moved = this.landmarks.length ? `${this.landmarks.length === 1 ? "One point is" : `${this.landmarks.length} points are`} where you put ${this.landmarks.length === 1 ? "it" : "them"}.` : "Drag a point where it is wrong.";
    this.say(`${faces.length > 1 ? `${faces.length} faces are found: click the one that speaks.` : faces.length ? "The face is found." : "The face is where you marked it."} ${moved}`);
    this.note(lines);
  }

  // ---- changes -----------------------------------------------------------------------------------------------------

  /** One step of the history. */
  change(next, after = 0) {
    this.past.push({ face: this.face, landmarks: this.landmarks });
    if (this.past.length > HISTORY) this.past.shift();
    this.future = [];
    this.become(next, after);
  }

  become(next, after = 0) {
    Object.assign(this, next);
    this.tell();
    this.refresh();
    this.ask(after);
  }

  travel(from, to) {
    if (!from.length) return;
    to.push({ face: this.face, landmarks: this.landmarks });
    this.become(from.pop());
  }

  choose(point) { if (!this.stage.held) this.change({ face: point, landmarks: [] }); }

  /** A handle stands elsewhere. Keys move in many small steps: they are one step of the history while they follow each other. */
  moved(name, [x, y], done) {
    const landmarks = [...this.landmarks.filter((mark) => mark.name !== name), { name, x, y }], follows = !done && this.stepping === name;
    this.stepping = done ? null : name;
    if (follows) this.become({ landmarks }, KEYS_REST_MS);
    else this.change({ landmarks }, done ? 0 : KEYS_REST_MS);
    if (!done) this.say(`${capital(WORDS[name])}: ${whereSaid([x, y])}.`);
  }

  resetPoint(name) {
    this.stepping = null;
    if (this.landmarks.some((mark) => mark.name === name)) this.change({ landmarks: this.landmarks.filter((mark) => mark.name !== name) });
  }

  byHand() {
    this.trying.forget();
    this.guide.start(true);
    this.refresh();
    this.stage.root.focus({ preventScroll: true });
  }

  markFour(points) {
    const places = Object.values(points), middle = [0, 1].map((axis) => fraction(places.reduce((sum, at) => sum + at[axis], 0) / places.length));
    this.change({ face: this.look?.faces?.length ? middle : 0, landmarks: Object.entries(points).map(([name, [x, y]]) => ({ name, x, y })) });
    this.say("Making a face of the four points…");
  }

  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.target.closest("input, textarea")) return;
    const letter = event.key.toLowerCase(), again = letter === "y" || (letter === "z" && event.shiftKey);
    if (letter !== "z" && letter !== "y") return;
    event.preventDefault();
    event.stopPropagation();
    if (this.guide.on && !again) this.guide.back();
    else if (again) this.travel(this.future, this.past);
    else this.travel(this.past, this.future);
  }

  // ---- showing -----------------------------------------------------------------------------------------------------

  wait(what, on) {
    this.owed = { ...this.owed, [what]: on };
    const busy = Object.values(this.owed).some(Boolean);
    this.stage.shimmer.hidden = !busy;
    this.stage.root.setAttribute("aria-busy", String(busy));
    this.again.hidden = busy || this.said.dataset.kind !== "error" || !this.source;
  }

  say(line, kind = "") {
    K.write(this.said, line);
    this.said.dataset.kind = kind;
    this.again.hidden = kind !== "error" || !this.source;
    if (kind === "error" || !line) this.note([]);
  }

  note(lines) {
    this.notes.replaceChildren(...lines.map((line) => K.el("li", {}, line)));
    this.notes.hidden = !lines.length;
  }

  refresh() {
    const { stage, tools, found } = this, loaded = Boolean(this.source || !stage.root.hidden), live = !this.camera.root.hidden;
    this.empty.hidden = loaded || live;
    stage.root.classList.toggle("fe-off", live);
    this.bar.hidden = !loaded || live;
    this.trying.root.hidden = !found || live || !this.trying.asker.read;
    stage.root.classList.toggle("fe-bare", !this.mesh || this.guide.on || this.trying.moved);
    stage.draw(this.look, this.guide.on ? [] : this.landmarks);
    stage.badge.hidden = this.source?.kind !== "video" || !this.look;
    stage.badge.textContent = "Video: its first picture";
    const box = this.look?.faces?.[this.look.chosen]?.box;
    tools.near.hidden = !box || zoomOn(box).scale < 1.3;
    if (this.guide.on || !box) this.near = false;
    stage.zoom(this.near ? zoomOn(box) : undefined);
    tools.mesh.setAttribute("aria-pressed", String(this.mesh));
    tools.near.setAttribute("aria-pressed", String(this.near));
    tools.mesh.hidden = !found;
    tools.reset.hidden = !found || !this.landmarks.length;
    tools.hand.hidden = !this.look || this.guide.on;
    tools.remove.hidden = !this.source;
  }
}

const host = element.querySelector(".fe");
host.faceEditor?.destroy(); // Gradio may run this twice on one element, after a key change: the first instance must let go
host.faceEditor = new FaceEditor(host, { props, server, upload, watch });
