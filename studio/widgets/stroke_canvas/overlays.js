// What lies above the strokes: handles of the selected one, the keyboard's cursor, flow arrows, and the ghost hand that shows how to draw.

const DEMO_SEEN = "kinora-stroke-demo-seen";

function paintHandles(context, app) {
  const { view, store } = app, stroke = store.stroke;
  for (const length of app.handles()) {
    const place = view.toScreen(placeAtLength(stroke.points, length, view.units));
    disc(context, place, 8, CASING);
    disc(context, place, 6, "#ffffff", strokeColours(store.selected, stroke.kind)[1]);
  }
}

function paintCursor(context, app) {
  const { view } = app, [x, y] = view.toScreen(app.cursor), radius = Math.max(view.pixels(app.radius), 4);
  for (const [width, style] of [[4, "rgb(0 0 0 / 0.6)"], [1.75, "#ffffff"]]) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.beginPath();
    context.arc(x, y, radius, 0, Math.PI * 2);
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + dx * 4, y + dy * 4);
      context.lineTo(x + dx * (radius + 8), y + dy * (radius + 8));
    }
    context.stroke();
  }
}

function paintArrows(context, arrows, view) {
  context.lineCap = "round";
  for (const [width, style] of [[3.5, "rgb(0 0 0 / 0.55)"], [1.6, "#ffffff"]]) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.beginPath();
    for (const [x, y, dx, dy] of arrows) {
      const a = view.toScreen([x, y]), b = view.toScreen([x + dx, y + dy]);
      const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
      if (length < 1.5) continue;
      const angle = Math.atan2(b[1] - a[1], b[0] - a[0]), wing = Math.min(7, length * 0.4);
      context.moveTo(...a);
      context.lineTo(...b);
      context.lineTo(b[0] - Math.cos(angle - 0.5) * wing, b[1] - Math.sin(angle - 0.5) * wing);
      context.moveTo(...b);
      context.lineTo(b[0] - Math.cos(angle + 0.5) * wing, b[1] - Math.sin(angle + 0.5) * wing);
    }
    context.stroke();
  }
}

/** A hand draws a stroke over the picture: once on the first visit, and whenever the help button asks. */
class Demo {
  constructor(app) {
    this.app = app;
    this.started = null;
  }

  get running() { return this.started !== null; }

  firstVisit() {
    try {
      return !localStorage.getItem(DEMO_SEEN);
    } catch {
      return false; // storage is blocked: without a memory the hand would come back at every visit
    }
  }

  start() {
    this.started = performance.now();
    this.app.invalidate();
  }

  stop() {
    if (!this.running) return;
    this.started = null;
    try {
      localStorage.setItem(DEMO_SEEN, "1");
    } catch { /* storage is blocked: firstVisit then says no */ }
    this.app.invalidate();
  }

  paint(context, now) {
    if (!this.running) return;
    const still = this.app.reducedMotion, round = 2800;
    const elapsed = Math.max(0, now - this.started);
    if (!still && elapsed > 3 * round) return this.stop();
    const phase = still ? 1 : (elapsed % round) / round;
    const share = smoothstep(clamp((phase - 0.1) / 0.6, 0, 1));
    const fade = still ? 1 : Math.min(1, phase / 0.08, (1 - phase) / 0.12);
    const { view } = this.app, path = [];
    for (let k = 0; k <= 40 * share; k++) {
      const a = k / 40;
      path.push(view.toScreen([0.32 + 0.36 * a, 0.6 - 0.34 * Math.sin(a * 2) * 0.6, a]));
    }
    context.save();
    context.globalAlpha = fade;
    context.lineCap = context.lineJoin = "round";
    const colours = strokeColours(0, "move");
    disc(context, path[0], view.pixels(DEFAULT_RADIUS), withAlpha(colours[0], 0.3), colours[0]);
    if (path.length > 3) {
      trace(context, path, 6, CASING);
      trace(context, path, 3.5, colours[1], still ? [8, 8] : []);
      arrowHead(context, path, colours[1], 13);
    }
    this.hand(context, path.at(-1), phase < 0.1 || phase > 0.78);
    context.restore();
  }

  /** A pointing hand whose fingertip is at `place`; `lifted` raises it a little. */
  hand(context, place, lifted) {
    const up = lifted && !this.app.reducedMotion ? 8 : 0;
    context.translate(place[0] + up * 0.4, place[1] + 2 + up);
    context.rotate(-0.25);
    context.scale(1.25, 1.25);
    const shape = new Path2D("M-3.5 3a3.500 3.500 0 017 0v12l10 2.500a5 5 0 013.800 5.500l-1.500 9a6 6 0 01-6 5H-1a7 7 0 01-5.800-3l-6.700-10a3.400 3.400 0 015-4.500l5 4z");
    context.shadowColor = "rgb(0 0 0 / 0.45)";
    context.shadowBlur = 10;
    context.fillStyle = "#ffffff";
    context.fill(shape);
    context.shadowBlur = 0;
    context.lineWidth = 1.6;
    context.strokeStyle = "#1c2330";
    context.stroke(shape);
  }
}
