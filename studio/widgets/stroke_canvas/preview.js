// The live preview: asks the server after each change, keeps only the newest answer, and plays it.
// One question is under way at a time; changes in the meantime become one more question when it is answered.

const PREVIEW_WAIT_MS = 60;
const PREVIEW_LIMIT_MS = 30000;

class Player {
  constructor(app, server) {
    this.app = app;
    this.ask = server && typeof server.preview === "function" ? (data) => server.preview(data) : null;
    this.playing = !app.reducedMotion;
    this.serial = 0;
    this.clear();
  }

  clear() {
    this.strip = this.flow = null;
    this.masks = [];
    this.arrows = [];
    this.notes = [];
    this.offset = 0;
    this.since = 0;
  }

  get available() { return this.ask !== null; }

  /** The drawing changed: ask soon. Without a picture or anything that would move there is nothing to ask. */
  request() {
    this.serial++;
    clearTimeout(this.timer);
    const { store } = this.app;
    if (!this.ask || !store.image?.path) return;
    if (!store.strokes.some((s) => s.kind === "move") && !this.cameraMoves()) {
      this.clear();
      this.app.previewChanged("");
      return;
    }
    this.timer = setTimeout(() => this.send(), PREVIEW_WAIT_MS);
    this.app.setWaiting(true);
  }

  cameraMoves() {
    const camera = this.app.settings().camera;
    return Boolean(camera) && Boolean(camera.pan_x || camera.pan_y || camera.roll || (camera.zoom ?? 1) !== 1);
  }

  async send() {
    if (this.busy) { this.again = true; return; }
    const serial = this.serial, { store } = this.app;
    this.busy = true;
    this.again = false;
    let error = "";
    try {
      const answer = await within(PREVIEW_LIMIT_MS, this.ask({ image: store.image, strokes: store.strokes, settings: this.app.settings() }));
      if (answer?.error) error = String(answer.error);
      else if (serial === this.serial) await this.take(answer, serial);
    } catch (problem) {
      error = problem?.late ? "The preview takes too long: the drawing is kept, Run still works." : "The preview did not answer: the drawing is kept, Run still works.";
    }
    this.busy = false;
    if (this.again) { this.send(); return; }
    if (serial !== this.serial) return;
    this.app.setWaiting(false);
    if (error) this.clear();
    this.app.previewChanged(error);
  }

  async take(answer, serial) {
    const colours = this.app.store.strokes.map((s, i) => strokeColours(i, s.kind)[0]);
    const load = (url) => (url ? loadImage(url) : null);
    const [strip, flow, ...masks] = await Promise.all([load(answer.frames), load(answer.flow), ...(answer.masks || []).map(load)]);
    if (serial !== this.serial) return;
    Object.assign(this, {
      strip, flow, arrows: answer.arrows || [], notes: answer.notes || [],
      masks: masks.map((mask, i) => mask && tinted(mask, colours[i] || "#ffffff")),
      count: Math.max(1, answer.count | 0), columns: Math.max(1, answer.cols | 0),
      width: answer.width, height: answer.height, fps: answer.fps > 0 ? answer.fps : 12,
    });
    this.offset = 0;
    this.since = performance.now();
  }

  /** Where the loop is, 0..1. */
  phase(now) {
    const length = this.count / this.fps * 1000;
    return ((this.offset + (this.playing ? Math.max(0, now - this.since) : 0)) / length) % 1;
  }

  /** The moment of the clip that is shown, 0..1: the frames sample it from 0 to 1, and a boomerang goes there and back. */
  clipPhase(now) {
    const share = this.phase(now);
    if (this.app.settings().loop === "boomerang") return 0.5 - 0.5 * Math.cos(2 * Math.PI * share);
    return Math.min(1, (share * this.count) / Math.max(1, this.count - 1));
  }

  toggle() {
    const now = performance.now();
    if (this.strip) this.offset = this.phase(now) * (this.count / this.fps) * 1000;
    this.since = now;
    this.playing = !this.playing;
    this.app.previewChanged("");
  }

  drawFrame(context, r, now) {
    const index = Math.min(this.count - 1, Math.floor(this.phase(now) * this.count));
    const x = (index % this.columns) * this.width, y = Math.floor(index / this.columns) * this.height;
    context.drawImage(this.strip, x, y, this.width, this.height, r.x, r.y, r.w, r.h);
  }
}

/** The promise's answer, or an error with `late` set when it takes longer. */
function within(milliseconds, promise) {
  let timer;
  const limit = new Promise((_, reject) => { timer = setTimeout(() => reject(Object.assign(new Error("late"), { late: true })), milliseconds); });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

async function loadImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/** A mask's alpha in one colour, half transparent, with the opaque part's edge still readable. */
function tinted(mask, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = mask.naturalWidth;
  canvas.height = mask.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(mask, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = withAlpha(colour, 0.6);
  context.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}
