// One choice, and below it only what that choice needs. What the other kinds were given is kept, so that one can go back.

class BackgroundChoice extends Bound(Object) {
  constructor(root, { props, upload, watch }) {
    super();
    Object.assign(this, { root, props, upload, held: {}, busy: 0, life: new AbortController() });
    const { signal } = this.life, { limits, start, kinds } = props;
    this.select = K.el("select", { class: "kin-input", "aria-label": "What stands behind", onchange: () => { this.put({ kind: this.select.value }); } }, kinds.map((kind) => K.el("option", { value: kind }, KINDS[kind] ?? kind)));
    this.colour = K.el("input", { type: "color", class: "bg-colour kin-focus", value: start.colour, "aria-label": "Colour behind", oninput: () => this.put({ colour: this.colour.value }) });
    this.words = K.el("input", { type: "text", class: "kin-input kin-grow", maxlength: String(limits.words), placeholder: "a beach at sunset", "aria-label": "What is behind, in words", oninput: () => this.put({ words: this.words.value }) });
    this.blur = K.el("input", { type: "range", class: "kin-range kin-grow", min: String(limits.blur[0]), max: String(limits.blur[1]), step: "0.001", "aria-label": "How blurred", oninput: () => this.put({ blur: Number(this.blur.value) }) });
    this.said = K.el("div", { class: "kin-muted", role: "status", "aria-live": "polite" });
    this.file = K.el("button", { type: "button", class: "kin-button bg-file", onclick: () => this.intake[this.kind].choose() });
    this.needs = { blur: K.el("label", { class: "kin-rowline" }, K.el("span", { class: "kin-muted" }, "How much"), this.blur), colour: this.colour, words: this.words, picture: this.file, clip: this.file };
    this.body = K.el("div", { class: "kin-rowline bg-need" });
    root.replaceChildren(K.el("div", { class: "kin-label" }, "Background"), this.select, this.body, this.said);
    const intake = (name, kind) => new Intake(root, { root, kinds: [kind], take: (file) => this.load(name, file), refuse: () => {}, signal });
    this.intake = { picture: intake("image", "image"), clip: intake("clip", "video") };
    watch("value", () => this.receive());
    this.receive();
    this.draw();
  }

  destroy() { this.life.abort(); }

  get kind() { return this.held.kind ?? (this.held.clip ? "clip" : this.held.image ? "picture" : this.held.words?.trim() ? "words" : "blur"); }

  /** Python gets what the chosen kind needs, and nothing of the others. */
  value() {
    const { kind, held } = this, name = { picture: "image" }[kind] ?? kind, plain = held.kind ? { kind: held.kind } : {};
    return { background: held[name] === undefined || held[name] === null || held[name] === "" ? plain : { ...plain, [name]: held[name] } };
  }

  print({ background }) {
    const { image, clip, ...rest } = background ?? {};
    return JSON.stringify([image?.path ?? null, clip?.path ?? null, Object.entries(rest).sort()]);
  }

  receive() {
    const given = this.news();
    if (!given || this.busy) return;
    const { image, clip, ...rest } = given.background ?? {};
    this.held = { ...rest, image: asFile(image), clip: asFile(clip) };
    this.draw();
  }

  put(change) {
    Object.assign(this.held, change);
    this.tell();
    this.draw();
  }

  async load(name, file) {
    K.write(this.said, `Loading ${file.name}…`);
    this.busy += 1;
    try {
      const kept = await storeFile(this.upload, file);
      K.write(this.said, "");
      this.busy -= 1;
      this.put({ [name]: kept, kind: name === "image" ? "picture" : "clip" });
    } catch {
      this.busy -= 1;
      K.write(this.said, `“${file.name}” did not reach the studio: check its size and the connection.`);
    }
  }

  draw() {
    const { kind, held } = this, file = held[kind === "picture" ? "image" : "clip"];
    this.select.value = kind;
    K.settle(this.body, this.needs[kind] ? [this.needs[kind]] : []);
    this.body.hidden = !this.needs[kind];
    if (document.activeElement !== this.words) this.words.value = held.words ?? "";
    this.colour.value = held.colour ?? this.props.start.colour;
    this.blur.value = String(held.blur ?? this.props.start.blur);
    fillRange(this.blur);
    const words = file ? file.orig_name : kind === "clip" ? "Choose a clip" : "Choose a picture";
    const shown = file && kind === "picture" ? K.el("img", { src: file.url, alt: "" }) : K.icon(file ? "play" : "plus");
    if (this.file.dataset.print !== `${kind} ${file?.path}`) { this.file.dataset.print = `${kind} ${file?.path}`; this.file.replaceChildren(shown, K.el("span", {}, words)); }
  }
}

const host = element.querySelector(".bg");
host.choice?.destroy(); // Gradio may run this twice on one element, after a key change: the first instance must let go
host.choice = new BackgroundChoice(host, { props, upload, watch });
