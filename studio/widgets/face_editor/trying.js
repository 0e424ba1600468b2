// "Try the face": six sliders that move the still picture. Only the newest position waits, and closing the fold brings the still back.

const SLIDERS = [
  ["mouth", "Mouth", 0, "closed", "open"], ["smile", "Smile", -1, "sad", "happy"], ["blink", "Blink", 0, "open", "shut"],
  ["turn", "Turn", -1, "left", "right"], ["nod", "Nod", -1, "up", "down"], ["tilt", "Tilt", -1, "left", "right"],
];

class Trying {
  /** read: the server's function. acts: question() gives what the face is, shown(address, box) lays it down, changed(), said(line). */
  constructor(read, acts) {
    Object.assign(this, { acts, values: {} });
    this.asker = new Newest(read, { answered: (answer) => this.take(answer), waiting: (on) => this.root?.classList.toggle("fe-owed", on) });
    this.ranges = SLIDERS.map((slider) => this.slider(...slider));
    this.time = K.el("span", { class: "kin-muted", "aria-hidden": "true" });
    this.rest = K.button("Rest", () => this.reset(), { name: "restore", text: true });
    this.root = K.el("details", { class: "fe-try", hidden: !read, ontoggle: () => { if (!this.root.open) this.reset(); } },
      K.el("summary", { class: "kin-focus" }, "Try the face"),
      K.el("div", { class: "fe-sliders" }, this.ranges.map((range) => range.row)),
      K.el("div", { class: "kin-line" }, this.rest, this.time));
  }

  /** True while another face than the still one is wanted. */
  get moved() { return this.root.open && Object.values(this.values).some(Boolean); }

  slider(name, words, low, lowest, highest) {
    const input = K.el("input", { type: "range", class: "kin-range", min: String(low), max: "1", step: "0.02", value: "0", "aria-label": words, title: "Double click: back to rest" });
    const range = { name, input, row: K.el("label", { class: "fe-slider" }, K.el("span", {}, words), input) };
    range.set = (value) => {
      input.value = String(value);
      const share = Math.round(Math.abs(value) * 100);
      input.setAttribute("aria-valuetext", share ? `${share} % ${value < 0 ? lowest : highest}` : "at rest");
      fillRange(input, 0);
      this.values[name] = value;
    };
    input.addEventListener("input", () => { range.set(Number(input.value)); this.ask(); });
    input.addEventListener("dblclick", () => { range.set(0); this.ask(); });
    range.set(0);
    return range;
  }

  ask() {
    this.acts.changed();
    if (!this.moved) { this.still(); return; }
    const question = this.acts.question();
    if (question) this.asker.ask({ ...question, ...this.values });
  }

  take(answer) {
    if (answer.error) { this.acts.said(String(answer.error)); return; }
    if (!this.moved || typeof answer.picture !== "string" || !answer.picture.startsWith("data:image/")) return;
    K.write(this.time, Number.isFinite(answer.ms) ? `drawn in ${Math.round(answer.ms)} ms` : "");
    this.acts.shown(answer.picture, answer.box);
  }

  still() {
    this.asker.drop();
    this.time.textContent = "";
    this.acts.shown(null);
  }

  reset() {
    this.ranges.forEach((range) => range.set(0));
    this.ask();
  }

  /** Another face: sliders rest and the fold stays as it is. */
  forget() { this.reset(); }
}
