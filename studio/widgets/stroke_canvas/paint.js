// Paints the canvas: picture or preview frame, then strokes, then what is being drawn. Strokes lie on two layers, one for the
// selected and hovered, one for the rest; each is repainted only when its own strokes or the view change, so that playing a
// preview over 64 strokes, or dragging one of them, stays cheap.

const CASING = "rgb(12 16 24 / 0.6)";

class Painter {
  constructor(app) {
    this.app = app;
    this.context = app.canvas.getContext("2d");
    this.layers = [0, 1].map(() => ({ canvas: document.createElement("canvas"), holds: null }));
  }

  paint(now) {
    const { app, context } = this, { view } = app, ratio = view.ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    if (!app.picture.shown) return;
    const moving = this.base(context, now);
    this.overlays(context);
    this.refreshLayers();
    context.save();
    context.globalAlpha = moving ? 0.55 : 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
    for (const layer of this.layers) if (layer.canvas.width > 1) context.drawImage(layer.canvas, 0, 0);
    context.restore();
    this.comets(context, now);
    if (app.tool === "select" && app.store.stroke) paintHandles(context, app);
    if (app.drawing) this.drawing(context);
    if (app.cursor && document.activeElement === app.canvas) paintCursor(context, app);
    app.demo.paint(context, now);
  }

  /** The picture, the running preview, or its flow colours. True when a preview is moving. */
  base(context, now) {
    const { app } = this, r = app.view.rect(), player = app.player;
    context.imageSmoothingQuality = "high";
    const source = app.drawing || app.gesturing ? "picture" : app.mode;
    if (source === "motion" && player.strip) {
      player.drawFrame(context, r, now);
      return player.playing;
    }
    context.drawImage(app.picture.shown, r.x, r.y, r.w, r.h);
    if (source === "flow" && player.flow) {
      context.save();
      context.globalAlpha = 0.82;
      context.drawImage(player.flow, r.x, r.y, r.w, r.h);
      context.restore();
    }
    return false;
  }

  overlays(context) {
    const { app } = this, r = app.view.rect();
    if (app.drawing || app.gesturing) return;
    if (app.showMasks) {
      app.player.masks.forEach((mask) => { if (mask) context.drawImage(mask, r.x, r.y, r.w, r.h); });
    }
    if (app.showArrows) paintArrows(context, app.player.arrows, app.view);
  }

  refreshLayers() {
    const { store, hover } = this.app, rest = [], strong = [];
    store.strokes.forEach((_, i) => (i === store.selected || i === hover ? strong : rest).push(i));
    this.refreshLayer(this.layers[0], rest, false);
    this.refreshLayer(this.layers[1], strong, true);
  }

  /** Repaints the layer unless it already holds these very strokes, seen the same way. Strokes are never changed in place. */
  refreshLayer(layer, indices, strong) {
    const { app } = this, { view, store } = app;
    const holds = [app.canvas.width, app.canvas.height, view.zoom, view.panX, view.panY, view.imageWidth, view.imageHeight, ...indices.flatMap((i) => [i, store.strokes[i], i === store.selected])];
    if (layer.holds?.length === holds.length && holds.every((value, k) => value === layer.holds[k])) return;
    layer.holds = holds;
    layer.canvas.width = indices.length ? app.canvas.width : 1; // an empty layer costs neither memory nor time
    layer.canvas.height = indices.length ? app.canvas.height : 1;
    const context = layer.canvas.getContext("2d");
    context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    for (const i of indices) this.stroke(context, store.strokes[i], i, strong);
  }

  stroke(context, stroke, index, strong) {
    const { view, store } = this.app;
    const colours = strokeColours(index, stroke.kind), places = stroke.points.map((p) => view.toScreen(p));
    const radius = Math.max(view.pixels(stroke.radius), 3);
    if (stroke.area) this.area(context, stroke, colours[0]);
    if (stroke.kind === "pin") this.pinBand(context, places, radius, strong);
    else this.moveLine(context, stroke, places, colours, radius, strong);
    this.badge(context, places[0], index, colours[0], index === store.selected);
  }

  moveLine(context, stroke, places, colours, radius, strong) {
    context.lineCap = context.lineJoin = "round";
    if (strong) trace(context, places, radius * 2, withAlpha(colours[1], 0.16));
    disc(context, places[0], radius, withAlpha(colours[0], 0.2), colours[0]);
    trace(context, places, strong ? 7 : 5.5, CASING);
    context.lineWidth = strong ? 4 : 3;
    for (let i = 1; i < places.length;) { // one piece of line per 24th of the clip: finer colour steps cannot be seen
      const from = stroke.points[i - 1][2];
      context.beginPath();
      context.moveTo(...places[i - 1]);
      do context.lineTo(...places[i++]); while (i < places.length && stroke.points[i][2] - from < 1 / 24);
      context.strokeStyle = mixed(colours, (from + stroke.points[i - 1][2]) / 2);
      context.stroke();
    }
    arrowHead(context, places, colours[1], strong ? 15 : 12.5);
  }

  pinBand(context, places, radius, strong) {
    context.lineCap = context.lineJoin = "round";
    trace(context, places, radius * 2, "rgb(14 22 34 / 0.34)");
    trace(context, places, radius * 2, this.dots(context));
    trace(context, places, strong ? 4 : 2.5, strong ? "#ffffff" : "#c9d6e4", [1, 7]);
    disc(context, places[0], Math.min(radius, 14), null, strong ? "#ffffff" : "#c9d6e4");
  }

  /** A tile of light dots: held still, like felt under pins. */
  dots(context) {
    if (!this.tile) {
      this.tile = document.createElement("canvas");
      this.tile.width = this.tile.height = 8;
      const c = this.tile.getContext("2d");
      c.fillStyle = "rgb(255 255 255 / 0.75)";
      for (const [x, y] of [[2, 2], [6, 6]]) { c.beginPath(); c.arc(x, y, 1.1, 0, 7); c.fill(); }
    }
    return context.createPattern(this.tile, "repeat");
  }

  /** The brushed extent: one dab per group of points with the same t. */
  area(context, stroke, colour) {
    const { view } = this.app, width = Math.max(2 * view.pixels(stroke.radius), 4);
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    stroke.area.forEach((p, i) => {
      const place = view.toScreen(p);
      if (i && stroke.area[i - 1][2] === p[2]) context.lineTo(...place);
      else { context.moveTo(...place); context.lineTo(place[0] + 0.01, place[1]); }
    });
    context.lineWidth = width;
    context.strokeStyle = withAlpha(colour, 0.34);
    context.stroke();
  }

  badge(context, place, index, colour, selected) {
    disc(context, place, selected ? 10 : 8.5, selected ? "#ffffff" : colour, CASING);
    context.fillStyle = "#10141c";
    context.font = "600 11px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(String(index + 1), place[0], place[1] + 0.5);
  }

  drawing(context) {
    const { app } = this, { drawing, view, store } = app;
    const points = drawing.points;
    const index = drawing.kind === "area" ? store.selected : store.strokes.length;
    const span = Math.max(points.at(-1)[2] - points[0][2], 1e-6);
    const timed = points.map((p) => [p[0], p[1], (p[2] - points[0][2]) / span]);
    const places = timed.map((p) => view.toScreen(p)), colours = strokeColours(index, drawing.kind);
    const radius = Math.max(view.pixels(drawing.radius), 3);
    if (drawing.kind === "area") {
      context.lineCap = context.lineJoin = "round";
      trace(context, places, radius * 2, drawing.erase ? "rgb(255 80 80 / 0.35)" : withAlpha(colours[0], 0.45));
    } else if (drawing.kind === "pin") {
      this.pinBand(context, places, radius, true);
    } else if (places.length > 1) {
      this.moveLine(context, { points: timed }, places, colours, radius, true);
    } else {
      disc(context, places[0], radius, withAlpha(colours[0], 0.25), colours[0]);
    }
  }

  /** A bright head with a tail runs along the strokes, in step with the preview or on the stroke under the pointer. */
  comets(context, now) {
    const { app } = this, { store, view } = app;
    if (app.drawing || app.gesturing || !app.animates()) return;
    const playing = app.mode === "motion" && app.player.strip && app.player.playing;
    const phase = playing ? app.player.clipPhase(now) : (now / 1000 / app.clipSeconds()) % 1;
    store.strokes.forEach((stroke, i) => {
      if (stroke.kind !== "move" || !(playing || i === app.hover)) return;
      const colours = strokeColours(i, stroke.kind);
      for (let k = 10; k >= 0; k--) {
        const back = phase - k * 0.012;
        if (back < 0) continue;
        const place = view.toScreen(placeAt(stroke, back, view.units));
        disc(context, place, 5.5 - k * 0.38, k ? withAlpha(mixedHex(colours, back), 0.75 - k * 0.065) : "#ffffff");
      }
    });
  }
}

function trace(context, places, width, style, dash = []) {
  context.beginPath();
  places.forEach((p, i) => (i ? context.lineTo(...p) : context.moveTo(...p)));
  if (places.length === 1) context.lineTo(places[0][0] + 0.01, places[0][1]);
  context.setLineDash(dash);
  context.lineWidth = width;
  context.strokeStyle = style;
  context.stroke();
  context.setLineDash([]);
}

function disc(context, place, radius, fill, ring = null) {
  context.beginPath();
  context.arc(place[0], place[1], Math.max(radius, 0.5), 0, Math.PI * 2);
  if (fill) { context.fillStyle = fill; context.fill(); }
  if (ring) { context.lineWidth = 1.5; context.strokeStyle = ring; context.stroke(); }
}

/** A head that points where the last dozen pixels of the path go. */
function arrowHead(context, places, colour, size) {
  const tip = places.at(-1);
  let from = places[0];
  for (let i = places.length - 2; i >= 0; i--) {
    if (Math.hypot(tip[0] - places[i][0], tip[1] - places[i][1]) > size * 0.8) { from = places[i]; break; }
  }
  const angle = Math.atan2(tip[1] - from[1], tip[0] - from[0]);
  const corner = (turn, reach) => [tip[0] + Math.cos(angle + turn) * reach, tip[1] + Math.sin(angle + turn) * reach];
  context.beginPath();
  context.moveTo(...corner(0, size * 0.75));
  context.lineTo(...corner(2.45, size * 0.85));
  context.lineTo(...corner(Math.PI, size * 0.3));
  context.lineTo(...corner(-2.45, size * 0.85));
  context.closePath();
  context.lineWidth = 3;
  context.strokeStyle = CASING;
  context.stroke();
  context.fillStyle = colour;
  context.fill();
}

function withAlpha(colour, alpha) {
  return colour.startsWith("#") ? `${colour}${Math.round(alpha * 255).toString(16).padStart(2, "0")}` : colour.replace(")", ` / ${alpha})`);
}

function mixedHex(colours, share) {
  return mixed(colours, clamp(share, 0, 1));
}
