// Mouse, finger and pen on the picture: one pointer marks with the chosen tool, two fingers zoom and move, ctrl and wheel zooms. And the cursor of the keys.

const TAP_PX = 6;
const CURSOR_STEP = 0.01, CURSOR_LEAP = 0.05;

class Marker {
  /** acts: tool(), radius(), exact(), colour(), ready(), tap(place, avoid), box(box), stroke(stroke, erase), drawn(), hover(place or null). */
  constructor(stage, acts, signal) {
    Object.assign(this, { stage, acts, down: new Map(), action: null });
    const on = (name, listener, options = {}) => stage.canvas.addEventListener(name, listener.bind(this), { signal, ...options });
    on("pointerdown", this.press);
    on("pointermove", this.move);
    on("pointerup", this.lift);
    on("pointercancel", this.drop);
    on("lostpointercapture", this.drop);
    on("pointerleave", () => acts.hover(null));
    on("wheel", this.wheel, { passive: false });
    on("contextmenu", (event) => event.preventDefault());
  }

  screen(event) {
    const box = this.stage.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  at(event) { return this.stage.view.toPicture(...this.screen(event)); }

  press(event) {
    const { stage, acts } = this, { canvas } = stage;
    if (!acts.ready()) return;
    canvas.focus({ preventScroll: true });
    event.preventDefault();
    this.setCursor(null);
    canvas.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, this.screen(event));
    if (event.pointerType === "mouse" && event.button === 1) { this.action = { kind: "pan" }; return; }
    if (this.down.size === 2) { this.startPinch(); return; }
    if (this.down.size > 2 || this.action) return;
    const place = this.at(event), tool = acts.tool();
    if (place.some((one) => one < -0.02 || one > 1.02)) return;
    this.action = { kind: tool, from: this.screen(event), place, avoid: tool === "avoid" || event.altKey || event.button === 2, points: [spot(place)] };
    if (STROKES.includes(tool)) this.show();
  }

  move(event) {
    const held = this.down.get(event.pointerId), screen = this.screen(event), { stage, action } = this;
    if (!held) { this.acts.hover(this.at(event)); return; }
    this.down.set(event.pointerId, screen);
    if (action?.kind === "pinch") this.pinch();
    else if (action?.kind === "pan") { stage.view.panBy(screen[0] - held[0], screen[1] - held[1]); this.acts.drawn(); }
    else if (action?.kind === "box") { action.to = this.at(event); this.show(); }
    else if (action && STROKES.includes(action.kind)) {
      const several = event.getCoalescedEvents?.() ?? [];
      for (const one of several.length ? several : [event]) action.points.push(spot(this.at(one)));
      this.show();
    }
  }

  /** What the hand is drawing, as marks. */
  show() {
    const { action, acts } = this, radius = acts.radius();
    const marks = action.kind === "box" ? { box: action.to ? [...action.place, ...action.to] : null } : { [action.kind === "brush" && !action.avoid ? "scribble" : "erase"]: [{ points: action.points, radius }] };
    this.stage.drawing = { colour: acts.colour(), marks };
    acts.drawn();
  }

  lift(event) {
    if (!this.down.delete(event.pointerId)) return;
    const { action, acts, stage } = this, far = action?.from && Math.hypot(...this.screen(event).map((one, axis) => one - action.from[axis])) >= TAP_PX;
    if (action?.kind === "pinch") { if (!this.down.size) this.action = null; return; }
    this.action = null;
    stage.drawing = null;
    if (!action || action.kind === "pan") return;
    if (action.kind === "box" && far) acts.box(upright([...action.place, ...this.at(event)].map(place)));
    else if (STROKES.includes(action.kind)) acts.stroke({ points: thinned(action.points, stage.view), radius: acts.radius(), exact: acts.exact() }, action.kind === "eraser" || action.avoid);
    else if (!far || action.kind !== "box") acts.tap(spot(action.place), action.avoid);
    acts.drawn();
  }

  drop(event) {
    if (!this.down.delete(event.pointerId)) return;
    this.action = null;
    this.stage.drawing = null;
    this.acts.drawn();
  }

  /** What is being drawn is given up; true when there was something. */
  abandon() {
    const was = Boolean(this.action || this.stage.drawing);
    this.action = null;
    this.corner = null;
    this.stage.drawing = null;
    if (was) this.acts.drawn();
    return was;
  }

  startPinch() {
    this.abandon();
    const [a, b] = [...this.down.values()];
    this.action = { kind: "pinch", centre: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], apart: Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 10) };
  }

  pinch() {
    if (this.down.size < 2) return;
    const { stage: { view }, action } = this, [a, b] = [...this.down.values()];
    const centre = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], apart = Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 10);
    view.panBy(centre[0] - action.centre[0], centre[1] - action.centre[1]);
    view.zoomAt(...centre, apart / action.apart);
    Object.assign(action, { centre, apart });
    this.acts.drawn();
  }

  wheel(event) {
    if (!this.acts.ready() || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.stage.view.zoomAt(...this.screen(event), Math.exp(-clamp(event.deltaY, -60, 60) / 120));
    this.acts.drawn();
  }

  // ---- keys: Enter brings a cursor, arrows move it, Enter marks there; Escape puts it away ------------------------------

  get cursor() { return this.stage.cursor; }

  setCursor(at) {
    if (at === this.stage.cursor) return;
    this.stage.cursor = at;
    if (!at) this.corner = null;
    this.acts.drawn();
  }

  step([dx, dy], far) {
    const size = far ? CURSOR_LEAP : CURSOR_STEP, [w, h] = this.stage.view.units;
    this.setCursor(spot([this.cursor[0] + (dx * size) / w, this.cursor[1] + (dy * size) / h]));
    if (this.corner) { this.stage.drawing = { colour: this.acts.colour(), marks: { box: upright([...this.corner, ...this.cursor]) } }; this.acts.drawn(); }
    return `${percent(this.cursor[0])} across, ${percent(this.cursor[1])} down`;
  }

  enter(avoid) {
    const { acts } = this, tool = acts.tool();
    if (!this.cursor) { this.setCursor([0.5, 0.5]); return "A cursor: arrows move it, Enter marks there, Escape puts it away."; }
    if (tool === "box" && !this.corner) { this.corner = this.cursor; return "One corner of the box. Go to the other one and press Enter."; }
    if (tool === "box") { const box = upright([...this.corner, ...this.cursor]); this.abandon(); acts.box(box); }
    else if (STROKES.includes(tool)) acts.stroke({ points: [this.cursor], radius: acts.radius(), exact: acts.exact() }, tool === "eraser" || avoid);
    else acts.tap(this.cursor, avoid || tool === "avoid");
    return "";
  }
}

const upright = ([x0, y0, x1, y1]) => [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];

/** A stroke without points nearer to each other than a screen pixel and a half, at most a thousand. */
function thinned(points, view) {
  const kept = [points[0]];
  for (const point of points) {
    const [ax, ay] = view.toScreen(kept.at(-1)), [bx, by] = view.toScreen(point);
    if (Math.hypot(ax - bx, ay - by) >= 1.5) kept.push(point);
  }
  const every = Math.ceil(kept.length / 1000);
  return kept.filter((_, at) => at % every === 0 || at === kept.length - 1);
}
