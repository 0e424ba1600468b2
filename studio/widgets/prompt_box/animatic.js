// The animatic: plays the small frames of the newest answer in a loop, and keeps the old ones until the new ones are there.

const CAPTION = "Animatic: drawn at once by the diorama, not by a model";
const PAUSE_PATH = "M8 5v14M16 5v14";

class Animatic {
  constructor(reduced) {
    this.canvas = K.el("canvas", { class: "pb-canvas", role: "img", "aria-label": "Animatic of the prompt", hidden: true });
    this.empty = K.el("p", { class: "pb-empty" }, "The scene plays here as you type.");
    this.shimmer = K.el("div", { class: "pb-shimmer", hidden: true }, K.el("span"));
    this.button = K.el("button", { type: "button", class: "kin-button pb-play", hidden: true, onclick: () => this.toggle() });
    this.stage = K.el("div", { class: "pb-stage" }, this.canvas, this.empty, this.button, this.shimmer);
    this.root = K.el("figure", { class: "pb-film" }, this.stage, K.el("figcaption", {}, CAPTION));
    Object.assign(this, { strip: null, serial: 0, offset: 0, since: 0, drawn: -1, frame: 0, onScreen: true, reduced });
    this.sight = new IntersectionObserver((entries) => { this.onScreen = entries.at(-1).isIntersecting; this.run(); });
    this.sight.observe(this.stage);
    this.setPlaying(!reduced);
  }

  /** The shape of what will come, while the stage is still empty. */
  setShape(width, height) {
    if (width > 0 && height > 0) this.stage.style.setProperty("--pb-shape", Math.min(4, Math.max(0.25, width / height)).toFixed(4));
  }

  setWaiting(on) {
    this.shimmer.hidden = !on;
    this.stage.setAttribute("aria-busy", String(on));
  }

  /** Shows the frames of an answer when they are decoded; an answer without frames, or with broken ones, leaves the old ones. */
  async show(answer, said) {
    const { count, cols, width, height } = answer, rows = Math.ceil(count / cols);
    if (typeof answer.frames !== "string" || !answer.frames.startsWith("data:image/") || ![count, cols, width, height].every((n) => Number.isInteger(n) && n > 0)) return;
    const serial = ++this.serial, strip = new Image();
    strip.src = answer.frames;
    try { await strip.decode(); } catch { return; }
    if (serial !== this.serial || strip.naturalWidth < Math.min(count, cols) * width || strip.naturalHeight < rows * height) return;
    Object.assign(this, { strip, count, cols, width, height, fps: answer.fps > 0 ? answer.fps : 8, drawn: -1 });
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.setShape(width, height);
    this.canvas.setAttribute("aria-label", said ? `Animatic of the prompt. ${said}` : "Animatic of the prompt");
    this.offset = 0;
    this.since = performance.now();
    this.setEmpty(false);
    this.paint();
    this.run();
  }

  clear() {
    this.serial++;
    this.strip = null;
    this.setEmpty(true);
  }

  setEmpty(on) {
    this.empty.hidden = !on;
    this.canvas.hidden = this.button.hidden = on;
  }

  toggle() {
    this.offset = this.elapsed();
    this.since = performance.now();
    this.setPlaying(!this.playing);
    this.run();
  }

  setReduced(on) {
    if (this.playing === on) this.toggle();
  }

  setPlaying(on) {
    this.playing = on;
    const label = on ? "Pause the animatic" : "Play the animatic";
    this.button.replaceChildren(on ? drawnIcon(PAUSE_PATH) : K.icon("play"));
    this.button.setAttribute("aria-label", label);
    this.button.title = label;
  }

  /** Milliseconds played so far. */
  elapsed() { return this.offset + (this.playing ? performance.now() - this.since : 0); }

  run() {
    if (!this.frame && this.strip && this.playing && this.onScreen) this.frame = requestAnimationFrame(() => this.tick());
  }

  tick() {
    this.frame = 0;
    if (!this.root.isConnected || !this.strip) return;
    this.paint();
    this.run();
  }

  paint() {
    const index = Math.floor((this.elapsed() / 1000) * this.fps) % this.count;
    if (index === this.drawn) return;
    this.drawn = index;
    const x = (index % this.cols) * this.width, y = Math.floor(index / this.cols) * this.height;
    this.canvas.getContext("2d").drawImage(this.strip, x, y, this.width, this.height, 0, 0, this.width, this.height);
  }

  stop() {
    this.serial++;
    this.sight.disconnect();
    cancelAnimationFrame(this.frame);
  }
}

/** An icon of the page's own kind from a path that only this widget needs. */
function drawnIcon(path) {
  const svg = K.icon("play");
  svg.firstChild.setAttribute("d", path);
  return svg;
}
