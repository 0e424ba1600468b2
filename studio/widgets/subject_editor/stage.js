// The picture with what is known of the subjects on it: tinted masks with outlines, marks, proposals, what the hand is drawing. It only draws.

const DARK = "rgb(12 13 22 / 75%)";
const LEAST_STAGE = 180, MOST_STAGE_SHARE = 0.62;

class Stage {
  constructor(acts) {
    this.acts = acts;
    this.canvas = K.el("canvas", { class: "su-canvas kin-focus", tabindex: "0", role: "application", "aria-roledescription": "picture to mark" });
    this.hint = K.el("span", { class: "su-hint" });
    this.shimmer = K.el("div", { class: "su-shimmer", hidden: true });
    this.root = K.el("div", { class: "su-stage" }, this.canvas, this.hint, this.shimmer);
    this.view = new View(this.canvas);
    Object.assign(this, { cursor: null, drawing: null, hover: -1, tints: new Map() });
  }

  /** Fits the canvas to the widget's width and the picture's shape. */
  layout(width, shape) {
    const room = Math.max(120, width), tallest = Math.max(LEAST_STAGE, window.innerHeight * MOST_STAGE_SHARE);
    const height = Math.round(Math.min(room / shape, tallest));
    Object.assign(this.canvas.style, { height: `${height}px` });
    return this.view.resize(room, height);
  }

  /**
   * what: {image, entry, video, look: "overlay" | "mask" | "video", opacity, colours: id -> colour, selected, marks: [{colour, marks, on}], proposals: [{edge, on}]}.
   */
  draw(what) {
    const { canvas, view } = this, context = canvas.getContext("2d"), rect = view.rect(), at = [rect.x, rect.y, rect.w, rect.h];
    context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    context.imageSmoothingEnabled = view.zoom < 4;
    if (what.look === "mask" && !what.video) { context.fillStyle = "#000"; context.fillRect(...at); }
    else if (what.video) context.drawImage(what.video, ...at);
    else if (what.image) context.drawImage(what.image, ...at);
    if (what.video || what.look === "video") return;
    if (what.entry?.labels) {
      const { fill, edge } = this.tint(what.entry, what.colours, what.selected);
      context.globalAlpha = what.look === "mask" ? 1 : what.opacity;
      context.drawImage(fill, ...at);
      context.globalAlpha = 1;
      if (what.look !== "mask") context.drawImage(edge, ...at);
    }
    if (what.look === "mask") return;
    for (const { edge, on } of what.proposals) {
      context.globalAlpha = on ? 1 : 0.85;
      context.drawImage(edge, ...at);
      context.globalAlpha = 1;
    }
    for (const one of what.marks) this.drawMarks(context, one);
    if (this.drawing) this.drawMarks(context, { colour: this.drawing.colour, marks: this.drawing.marks, on: true });
    if (this.cursor) this.drawCursor(context);
  }

  drawMarks(context, { colour, marks, on }) {
    const { view } = this;
    context.globalAlpha = on ? 1 : 0.55;
    context.lineCap = context.lineJoin = "round";
    const stroke = (one, paint, dash) => {
      context.lineWidth = Math.max(2, view.pixels(one.radius) * 2);
      context.strokeStyle = paint;
      context.setLineDash(dash ? [1, Math.max(6, context.lineWidth * 1.2)] : []);
      context.globalAlpha = on ? 0.5 : 0.3;
      context.beginPath();
      one.points.forEach((point, index) => context[index ? "lineTo" : "moveTo"](...view.toScreen(point)));
      if (one.points.length === 1) context.lineTo(...view.toScreen(one.points[0]));
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = on ? 1 : 0.55;
    };
    for (const one of marks.scribble ?? []) stroke(one, colour);
    for (const one of marks.erase ?? []) stroke(one, "#0c0d16", true);
    if (marks.box) {
      const [x0, y0] = view.toScreen(marks.box.slice(0, 2)), [x1, y1] = view.toScreen(marks.box.slice(2));
      for (const [paint, width] of [[DARK, 4], [colour, 2]]) {
        context.strokeStyle = paint;
        context.lineWidth = width;
        context.setLineDash([7, 5]);
        context.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
      }
      context.setLineDash([]);
    }
    for (const point of marks.points ?? []) this.dot(context, point, colour, true);
    for (const point of marks.avoid ?? []) this.dot(context, point, "#20222e", false);
    context.globalAlpha = 1;
  }

  dot(context, point, colour, plus) {
    const [x, y] = this.view.toScreen(point);
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = "#fff";
    context.stroke();
    context.beginPath();
    context.moveTo(x - 3.5, y);
    context.lineTo(x + 3.5, y);
    if (plus) { context.moveTo(x, y - 3.5); context.lineTo(x, y + 3.5); }
    context.stroke();
  }

  drawCursor(context) {
    const [x, y] = this.view.toScreen(this.cursor);
    for (const [paint, width] of [["#fff", 4], ["#ee5d36", 2]]) {
      context.strokeStyle = paint;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(x - 13, y); context.lineTo(x + 13, y); context.moveTo(x, y - 13); context.lineTo(x, y + 13);
      context.stroke();
    }
  }

  /** The labels as two pictures: areas in the subjects' colours, and their outlines. Kept as long as the labels stay the same. */
  tint(entry, colours, selected) {
    const print = `${JSON.stringify(colours)} ${selected}`;
    if (this.tinted?.entry !== entry || this.tinted.print !== print) {
      const table = [null, ...entry.ids.map((id) => (colours[id] ? rgbOf(colours[id]) : null))], strong = entry.ids.indexOf(selected) + 1;
      this.tinted = { entry, print, ...painted(entry.labels, entry.width, entry.height, table, strong) };
    }
    return this.tinted;
  }
}

const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** Areas and outlines of labels. table: label -> [r, g, b] or null; strong: the label whose outline is wider. */
function painted(labels, width, height, table, strong = -1) {
  const fill = K.el("canvas", { width, height }), edge = K.el("canvas", { width, height });
  const areas = new ImageData(width, height), lines = new ImageData(width, height);
  const put = ({ data }, at, [r, g, b], alpha) => { data[at * 4] = r; data[at * 4 + 1] = g; data[at * 4 + 2] = b; data[at * 4 + 3] = alpha; };
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 1) {
      const label = labels[at], colour = table[label];
      if (!colour) continue;
      put(areas, at, colour, 255);
      const reach = label === strong ? 2 : 1;
      const out = (dx, dy) => { const nx = x + dx, ny = y + dy; return nx < 0 || ny < 0 || nx >= width || ny >= height || labels[ny * width + nx] !== label; };
      let border = false;
      for (let step = 1; step <= reach && !border; step += 1) border = out(step, 0) || out(-step, 0) || out(0, step) || out(0, -step);
      if (!border) continue;
      put(lines, at, colour, 255);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) { // a dark rim outside, so that the line is seen on any ground
        const nx = x + dx, ny = y + dy;
        if (nx >= 0 && ny >= 0 && nx < width && ny < height && !table[labels[ny * width + nx]]) put(lines, ny * width + nx, label === strong ? [255, 255, 255] : [12, 13, 22], label === strong ? 235 : 150);
      }
    }
  }
  fill.getContext("2d").putImageData(areas, 0, 0);
  edge.getContext("2d").putImageData(lines, 0, 0);
  return { fill, edge };
}
