// Keys: every tool by a letter, and a cursor that draws without a pointer.

const TOOL_KEYS = { m: "move", p: "pin", b: "brush", v: "select" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class KeyboardInput {
  constructor(app, signal) {
    this.app = app;
    app.root.addEventListener("keydown", (event) => this.key(event), { signal });
  }

  key(event) {
    const { app } = this;
    if (event.target.closest("textarea, input, select, summary")) return;
    const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const done = event.ctrlKey || event.metaKey ? this.command(letter, event.shiftKey) : !event.altKey && this.plain(event, letter);
    if (done) { event.preventDefault(); event.stopPropagation(); }
  }

  command(letter, shift) {
    const { app } = this;
    if (letter === "z") { if (shift) app.redo(); else app.undo(); return true; }
    if (letter === "y") { app.redo(); return true; }
    return false;
  }

  plain(event, letter) {
    const { app } = this, onCanvas = event.target === app.canvas;
    if (TOOL_KEYS[letter]) { app.setTool(TOOL_KEYS[letter]); return true; }
    if (letter === "Delete" || (letter === "Backspace" && onCanvas)) { app.removeSelected(); return true; }
    if (letter === "[" || letter === "]") { app.setRadius(app.radius * (letter === "[" ? 0.85 : 1 / 0.85), true); return true; }
    if (letter === "+" || letter === "=" || letter === "-") { app.zoomBy(letter === "-" ? 0.8 : 1.25); return true; }
    if (letter === "0") { app.fit(); return true; }
    if (letter === "," || letter === ".") { app.selectNext(letter === "." ? 1 : -1); return true; }
    if (letter === "Escape") return this.escape();
    if (!onCanvas || !app.picture.shown) return false;
    if (ARROWS[letter]) { this.arrow(ARROWS[letter], event.shiftKey ? 0.05 : 0.01); return true; }
    if (letter === "Enter") { this.enter(); return true; }
    if (letter === " ") { if (app.cursor && app.tool !== "select") this.enter(); else app.togglePlay(); return true; }
    return false;
  }

  /** One step: a selected stroke in the Select tool, the cursor otherwise. While drawing, the step becomes part of the path. */
  arrow([dx, dy], step) {
    const { app } = this, { store, view } = app, units = view.units;
    const mx = (dx * step) / units[0], my = (dy * step) / units[1];
    app.demo.stop();
    if (app.tool === "select" && store.stroke) {
      const { points, area } = store.stroke;
      const change = { points: shifted(points, mx, my), area: area && shifted(area, mx, my) };
      if (store.change({ strokes: store.withStroke(store.selected, change) })) app.committed();
      return;
    }
    const from = app.cursor || [0.5, 0.5];
    const to = app.cursor ? [clamp(from[0] + mx, 0, 1), clamp(from[1] + my, 0, 1)] : from;
    app.setCursor(to);
    if (app.drawing?.keyboard) app.drawing.points.push([to[0], to[1], app.drawing.points.length]);
    app.sayStep();
  }

  enter() {
    const { app } = this, { store } = app;
    if (!app.cursor) { app.setCursor([0.5, 0.5]); app.sayStep(); return; }
    if (app.drawing?.keyboard) {
      const drawing = app.drawing;
      app.drawing = null;
      app.finishDrawing(drawing, drawing.points.length === 1);
      return;
    }
    if (app.tool === "select") { app.select(app.strokeAt(app.view.toScreen(app.cursor), 16)); return; }
    if (app.tool === "brush" && store.stroke?.kind !== "move") {
      app.say("Draw or select a move stroke first (comma and full stop go through them), then brush.", "warn");
      return;
    }
    if (app.tool !== "brush" && app.full()) return;
    const kind = app.tool === "brush" ? "area" : app.tool;
    app.drawing = { kind, keyboard: true, radius: kind === "area" ? store.stroke.radius : app.radius, points: [[...app.cursor, 0]] };
    app.drawingChanged();
  }

  escape() {
    const { app } = this;
    app.demo.stop();
    if (app.drawing || app.gesturing) app.pointer.abandon();
    else if (app.cursor) app.setCursor(null);
    else if (app.store.stroke) app.select(-1);
    else return false;
    app.sayStep();
    return true;
  }
}
