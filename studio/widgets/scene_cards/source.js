// Where a scene's pictures come from: its prompt, a face that says its line, a clip of the library, or a file.

const PLAIN_SOURCE = { kind: "text", run: "", file: null, image: null, start: 0, keep_sound: true };
const FILE_OF = { file: "file", picture: "image", head: "image" };

class SourceChoice {
  /** put(change, done); upload(file); library(): the results; say(line, kind). */
  constructor({ limits, put, upload, library, say }) {
    Object.assign(this, { put, upload, library, say, scene: null, wanted: null, serial: 0 });
    this.kinds = choice("Where the pictures come from", Object.entries(SOURCES), (kind) => this.choose(kind));
    this.chooser = K.el("input", { type: "file", hidden: true, tabindex: "-1", "aria-hidden": "true", onchange: () => { const [file] = this.chooser.files; this.chooser.value = ""; if (file) this.bring(file, this.wanted ?? this.scene.source.kind); } });
    this.name = K.el("span", { class: "sb-name" });
    this.load = K.button("Choose a file", () => this.chooser.click(), { name: "plus", text: true });
    this.pick = act("Choose a clip of the library", () => this.showLibrary(), "film", { text: "Choose a clip" });
    this.start = amount("Where in the clip the scene begins, in seconds", { low: 0, high: 36000, change: (start) => this.put({ source: { ...this.scene.source, start } }, true) });
    this.sound = K.el("input", { type: "checkbox", class: "kin-check", onchange: () => this.put({ source: { ...this.scene.source, keep_sound: this.sound.checked } }, true) });
    this.clip = K.el("div", { class: "kin-line" }, labelled("Begins at (s)", this.start), K.el("label", { class: "kin-rowline" }, this.sound, K.el("span", {}, "Its own sound is heard")));
    this.shelf = K.el("div", { class: "sb-shelf", role: "group", "aria-label": "Clips of the library", hidden: true });
    this.note = K.el("span", { class: "kin-muted" });
    this.root = K.el("div", { class: "sb-part" }, K.el("span", { class: "kin-label" }, "Pictures"), K.el("div", { class: "kin-line" }, this.kinds, this.load, this.pick, this.name), this.note, this.shelf, this.clip, this.chooser);
  }

  /** A kind that needs a file is only wanted until the file is there: a plan without it would be none. */
  choose(kind) {
    this.wanted = kind === "text" ? null : kind;
    if (kind === "text") this.put({ source: PLAIN_SOURCE }, true);
    else if (kind === "library") this.showLibrary();
    else { this.draw(this.scene); this.chooser.click(); }
  }

  async bring(file, kind) {
    const takes = kind === "file" ? "video" : "image", serial = ++this.serial, { id } = this.scene;
    if (kindOf(file) !== takes) { this.say(`“${file.name}” is no ${takes === "video" ? "video" : "picture"}: choose another file.`, "error"); return; }
    this.say(`Loading ${file.name}…`);
    try {
      const kept = await storeFile(this.upload, file);
      if (serial !== this.serial) return;
      this.wanted = null;
      this.say("");
      this.put({ source: { ...PLAIN_SOURCE, kind, [FILE_OF[kind]]: kept } }, true, id);
    } catch { if (serial === this.serial) this.say(`“${file.name}” did not reach the studio: check its size and the connection, then load it again.`, "error"); }
  }

  async showLibrary() {
    const { id } = this.scene;
    this.shelf.hidden = false;
    this.shelf.replaceChildren(K.el("span", { class: "kin-muted" }, "Looking…"));
    const results = await this.library();
    if (this.scene.id !== id) return;
    if (!results) { this.shelf.replaceChildren(K.el("span", { class: "kin-muted" }, "The studio did not answer: try again.")); return; }
    const cards = results.map((one) => K.el("button", { type: "button", class: "sb-clip kin-focus", title: one.words || one.title, onclick: () => this.take(one) },
      K.el("img", { src: K.media(`${one.id}/poster.jpg`), alt: "", loading: "lazy" }), K.el("span", {}, one.words || one.title), K.el("span", { class: "kin-muted" }, `${one.title}, ${K.when(one.created)}`)));
    this.shelf.replaceChildren(...(cards.length ? cards : [K.el("span", { class: "kin-muted" }, "Nothing has been made yet.")]));
    cards[0]?.focus({ preventScroll: true });
  }

  take(result) {
    this.wanted = null;
    this.shelf.hidden = true;
    this.put({ source: { ...PLAIN_SOURCE, kind: "library", run: result.id } }, true);
    this.kinds.focus({ preventScroll: true });
  }

  draw(scene) {
    if (this.scene?.id !== scene.id || JSON.stringify(this.scene.source) !== JSON.stringify(scene.source)) { this.wanted = null; this.shelf.hidden = true; }
    this.scene = scene;
    const { source } = scene, kind = this.wanted ?? source.kind, file = kind === source.kind ? source[FILE_OF[kind]] : null;
    this.kinds.value = kind;
    this.load.hidden = !FILE_OF[kind];
    this.pick.hidden = kind !== "library";
    this.chooser.accept = kind === "file" ? "video/*" : "image/*";
    K.write(this.load.lastChild, file ? "Another file" : kind === "file" ? "Choose a video" : kind === "head" ? "Choose a face" : "Choose a picture");
    this.load.setAttribute("aria-label", this.load.lastChild.textContent);
    K.write(this.name, file?.orig_name ?? "");
    this.clip.hidden = !(kind === source.kind && (kind === "library" || kind === "file"));
    fill(this.start, source.start);
    this.sound.checked = source.keep_sound;
    K.write(this.note, kind === "head" ? (scene.line.trim() ? "The face says the narrator's line of this scene. Use faces of people who agreed to it." : "The face says the line of this scene: write one above.") : kind === "picture" ? "The camera moves over the picture." : "");
    this.note.hidden = !this.note.textContent;
  }
}
