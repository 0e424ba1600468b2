// The two ways to a voice: a recording (file, drop, microphone) and a text that a built-in voice says. They show and tell; the widget decides.

const AUTO = "The best of this machine";

class RecordingPane {
  /** acts: load(file), refused(line), remove(), changed(). */
  constructor(root, acts, signal) {
    this.acts = acts;
    this.recorder = new Recorder({ taken: acts.load, refused: acts.refused, changed: acts.changed });
    const choose = (words, kind = "") => K.button(words, () => this.intake.choose(), { name: "plus", text: true, kind }), record = () => K.button("Record", () => this.record(), { name: "mic", text: true });
    this.empty = K.el("div", { class: "vt-empty" }, K.el("p", {}, "Drop a recording here, or a video whose sound it is."), K.el("div", { class: "kin-line" }, choose("Choose a sound or video", "primary"), record()));
    this.name = K.el("b", { class: "vt-name" });
    this.full = K.el("div", { class: "kin-line vt-file" }, this.name, choose("Another sound"), record(), K.button("Remove the recording", acts.remove, { name: "trash" }));
    this.root = K.el("div", { class: "vt-pane vt-recording" }, this.empty, this.full, this.recorder.root);
    this.intake = new Intake(this.root, { root, kinds: ["audio", "video"], take: acts.load, refuse: (file) => acts.refused(`“${file.name}” holds no sound: choose a WAV, MP3, M4A, or a video.`), signal });
  }

  record() {
    if (Recorder.possible) this.recorder.start();
    else this.acts.refused("This browser gives no microphone here (it needs https or localhost): choose a file.");
  }

  draw(file, loading) {
    const { on } = this.recorder;
    this.empty.hidden = Boolean(file) || on || loading;
    this.full.hidden = !file || on;
    const name = file?.orig_name ?? "";
    K.write(this.name, /^[0-9a-f]{40,}\./.test(name) ? "The recording" : name); // kept files of a run are named by their content
  }
}

class TextPane {
  /** acts: changed(), hear(). */
  constructor(props, acts) {
    const id = `vt-${Math.random().toString(36).slice(2, 9)}`;
    this.most = Number(props.max_text) || 2000;
    this.area = K.el("textarea", { class: "kin-input vt-text", rows: "3", dir: "auto", placeholder: "What should be said?", "aria-label": "Text to say", "aria-describedby": id });
    this.count = K.el("span", { class: "kin-muted vt-count", id });
    this.voice = K.el("select", { class: "kin-input", "aria-label": "Voice" });
    this.voices = [["auto", AUTO]];
    this.speed = K.el("input", { type: "range", class: "kin-range", min: "0.5", max: "2", step: "0.05", "aria-label": "Speed", title: "Double click: plain speed" });
    this.times = K.el("span", { class: "vt-clock" });
    this.hear = K.button("Hear it", acts.hear, { name: "play", kind: "primary", text: true });
    this.root = K.el("div", { class: "vt-pane vt-saying" }, K.el("div", { class: "vt-paper" }, this.area, this.count),
      K.el("div", { class: "kin-line" }, K.el("label", { class: "vt-choice" }, K.el("span", {}, "Voice"), this.voice), K.el("label", { class: "vt-choice" }, K.el("span", {}, "Speed"), this.speed, this.times), this.hear));
    this.area.addEventListener("input", () => { this.measure(); acts.changed(); });
    this.area.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); acts.hear(); } });
    this.voice.addEventListener("change", acts.changed);
    this.speed.addEventListener("input", () => { this.measure(); acts.changed(); });
    this.speed.addEventListener("dblclick", () => { this.speed.value = "1"; this.measure(); acts.changed(); });
  }

  get value() { return { text: this.area.value, voice: this.voice.value || "auto", speed: Number(this.speed.value) }; }

  /** The voices of this machine: [[value, label]]. */
  offer(voices) {
    this.voices = [["auto", AUTO], ...voices.map(([value, label]) => [String(value), String(label)])];
    this.set(this.value);
  }

  get ready() { return Boolean(this.area.value.trim()) && this.area.value.length <= this.most; }

  set({ text, voice, speed }) {
    const known = this.voices.some(([value]) => value === voice), list = known ? this.voices : [...this.voices, [voice, voice]];
    if (this.area.value !== text) this.area.value = text;
    this.voice.replaceChildren(...list.map(([value, label]) => K.el("option", { value }, label)));
    this.voice.value = voice;
    this.speed.value = String(speed);
    this.measure();
  }

  measure() {
    const { length } = this.area.value, over = length > this.most;
    K.write(this.count, over ? `${length} of ${this.most} characters: ${length - this.most} too many` : `${length} of ${this.most}`);
    this.count.classList.toggle("vt-over", over);
    this.area.setAttribute("aria-invalid", String(over));
    fillRange(this.speed, 1);
    K.write(this.times, `${Number(this.speed.value).toFixed(2)} ×`);
    this.speed.setAttribute("aria-valuetext", `${this.speed.value} times`);
    this.area.style.height = "auto";
    if (this.area.scrollHeight) this.area.style.height = `${Math.min(260, this.area.scrollHeight + 2)}px`;
    this.hear.disabled = !this.ready;
  }
}
