// Mouse, finger and pen on the canvas: one pointer draws, edits or brushes; two fingers zoom and pan; ctrl and wheel zooms.

const TAP_PIXELS = 6;

class PointerInput {
  constructor(app, signal) {
    this.app = app;
    this.down = new Map();
    const on = (name, listener, options = {}) => app.canvas.addEventListener(name, listener.bind(this), { signal, ...options });
    on("pointerdown", this.press);
    on("pointermove", this.move);
    on("pointerup", this.lift);
    on("pointercancel", this.drop);
    on("lostpointercapture", this.lost);
    on("pointerleave", () => app.setHover(-1));
    on("wheel", this.wheel, { passive: false });
    on("contextmenu", (event) => event.preventDefault());
  }

  place(event) {
    const box = this.app.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  press(event) {
    const { app } = this;
    if (!app.picture.shown || (event.pointerType === "mouse" && event.button === 2)) return;
    app.canvas.focus({ preventScroll: true });
    event.preventDefault();
    app.demo.stop();
    app.setCursor(null);
    app.canvas.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, this.place(event));
    if (event.pointerType === "mouse" && event.button === 1) { this.action = { kind: "pan" }; return; }
    if (this.down.size === 2) { this.startPinch(); return; }
    if (this.down.size > 2 || this.action) return;
    this.reach = event.pointerType === "touch" ? 22 : 12;
    this.start(event, this.place(event));
  }

  start(event, screen) {
    const { app } = this, { store, view } = app, place = view.toPicture(...screen);
    if (app.tool === "select") return this.startEdit(screen, place);
    if (app.tool === "brush" && store.stroke?.kind !== "move") {
      const near = app.strokeAt(screen, this.reach);
      if (near >= 0 && store.strokes[near].kind === "move") app.select(near);
      else app.say("Draw or select a move stroke first, then brush over the whole thing that it moves.", "warn");
      return;
    }
    if (app.tool !== "brush" && app.full()) return;
    if (place.some((v) => v < -0.02 || v > 1.02)) return;
    const kind = app.tool === "brush" ? "area" : app.tool;
    app.drawing = { kind, radius: app.tool === "brush" ? store.stroke.radius : app.radius, erase: event.altKey, points: [this.sample(event)] };
    this.action = { kind: "draw", from: screen };
    app.drawingChanged();
  }

  sample(event) {
    const [x, y] = this.app.view.toPicture(...this.place(event));
    return [clamp(x, 0, 1), clamp(y, 0, 1), event.timeStamp];
  }

  startEdit(screen, place) {
    const { app } = this, { store, view } = app;
    const handle = store.stroke ? this.handleAt(screen) : null;
    const hit = handle !== null ? store.selected : app.strokeAt(screen, this.reach);
    if (hit !== store.selected) app.select(hit);
    if (hit < 0) { this.action = view.zoom > 1 ? { kind: "pan" } : null; return; }
    store.begin();
    this.action = { kind: "edit", handle, reach: this.handleReach(), from: place, stroke: store.stroke };
  }

  /** The handle under a screen place, as a length from the stroke's start; null when there is none. */
  handleAt(screen) {
    const { store, view } = this.app;
    let best = null, near = this.reach;
    for (const length of this.app.handles()) {
      const [x, y] = view.toScreen(placeAtLength(store.stroke.points, length, view.units));
      const off = Math.hypot(x - screen[0], y - screen[1]);
      if (off <= near) { near = off; best = length; }
    }
    return best;
  }

  /** How far along the path a dragged handle pulls: to the next handle. */
  handleReach() {
    const [, second] = this.app.handles();
    return second || 1;
  }

  move(event) {
    const { app } = this, held = this.down.get(event.pointerId), screen = this.place(event);
    if (!held) { app.setHover(app.strokeAt(screen, 12)); return; }
    this.down.set(event.pointerId, screen);
    const action = this.action?.kind;
    if (action === "pinch") this.pinch();
    else if (action === "pan") { app.view.panBy(screen[0] - held[0], screen[1] - held[1]); app.viewChanged(); }
    else if (action === "edit") this.edit(screen);
    else if (action === "draw") {
      const several = event.getCoalescedEvents?.() || [];
      for (const one of several.length ? several : [event]) app.drawing.points.push(this.sample(one));
      app.invalidate();
    }
  }

  edit(screen) {
    const { app, action } = this, { store, view } = app, { stroke, handle, reach, from } = action;
    const place = view.toPicture(...screen), dx = place[0] - from[0], dy = place[1] - from[1];
    if (!app.gesturing && Math.hypot(dx * view.rect().w, dy * view.rect().h) < 3) return;
    app.gesturing = true;
    const change = handle !== null ? { points: bend(stroke.points, handle, reach, dx, dy, view.units) } : { points: shifted(stroke.points, dx, dy) };
    if (handle === null && stroke.area) change.area = shifted(stroke.area, dx, dy);
    store.live({ strokes: store.withStroke(store.selected, change) });
    app.invalidate();
  }

  lift(event) {
    if (!this.down.has(event.pointerId)) return;
    const { app } = this, action = this.action, screen = this.place(event);
    if (action?.kind === "draw") app.drawing.points.push(this.sample(event));
    this.down.delete(event.pointerId);
    if (action?.kind === "pinch") { if (this.down.size === 0) this.action = null; return; }
    this.action = null;
    if (action?.kind === "draw") this.finish(Math.hypot(screen[0] - action.from[0], screen[1] - action.from[1]));
    if (action?.kind === "edit") this.endEdit();
  }

  finish(travelled) {
    const { app } = this, drawing = app.drawing;
    app.drawing = null;
    const length = pathLength(drawing.points, app.view.units);
    const tap = travelled < TAP_PIXELS && app.view.pixels(length) < 2 * TAP_PIXELS;
    app.finishDrawing(drawing, tap);
  }

  endEdit() {
    const { app } = this;
    app.gesturing = false;
    if (app.store.end()) app.committed();
    else app.invalidate();
  }

  /** The browser took the pointer away (a system gesture): what was being drawn is dropped, nothing else is lost. */
  drop(event) {
    if (this.down.delete(event.pointerId)) this.abandon();
  }

  lost(event) {
    if (this.down.has(event.pointerId)) this.drop(event);
  }

  /** Drops what is being drawn or dragged; the drawing is as it was before the pointer came down. */
  abandon() {
    const { app } = this;
    if (app.drawing) { app.drawing = null; app.drawingChanged(); }
    if (this.action?.kind === "edit") {
      app.store.restore({ ...app.store.before });
      this.endEdit();
    }
    this.action = null;
  }

  startPinch() {
    this.abandon();
    const [a, b] = [...this.down.values()];
    this.action = { kind: "pinch", centre: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], apart: Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 10) };
  }

  pinch() {
    if (this.down.size < 2) return;
    const { app, action } = this, [a, b] = [...this.down.values()];
    const centre = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], apart = Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 10);
    app.view.panBy(centre[0] - action.centre[0], centre[1] - action.centre[1]);
    app.view.zoomAt(centre[0], centre[1], apart / action.apart);
    Object.assign(action, { centre, apart });
    app.viewChanged();
  }

  wheel(event) {
    const { app } = this;
    if (!app.picture.shown || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    app.view.zoomAt(...this.place(event), Math.exp(-clamp(event.deltaY, -60, 60) / 120));
    app.viewChanged();
  }
}
