// Time: the range of the video that is used, and the frames of that range with how sure each subject's mask is. Both are canvases with handles of their own.

const LANE = 34, LANE_GAP = 4, BAND = 14;
const MOST_ZOOM = 40, LANE_ZOOM_STEP = 1.6;

/** The whole video as a bar with two handles. */
class RangeBar {
  /** acts: changed(start, end, done), seconds. */
  constructor(acts) {
    Object.assign(this, { acts, total: 0, start: 0, end: 0, fps: 25 });
    const handle = (which, label) => K.el("div", { class: `su-grip su-grip-${which} kin-focus`, role: "slider", tabindex: "0", "aria-label": label, "aria-valuemin": "0" });
    this.grips = { start: handle("start", "The range begins at"), end: handle("end", "The range ends at") };
    this.fill = K.el("div", { class: "su-range-fill" });
    this.bar = K.el("div", { class: "su-range" }, this.fill, this.grips.start, this.grips.end);
    this.words = K.el("span", { class: "kin-muted su-range-words" });
    this.root = K.el("div", { class: "su-ranging" }, this.bar, this.words);
    for (const [which, grip] of Object.entries(this.grips)) {
      grip.addEventListener("pointerdown", (event) => this.drag(event, which, grip));
      grip.addEventListener("keydown", (event) => this.key(event, which));
    }
  }

  draw({ total, start, end, fps }) {
    Object.assign(this, { total, start, end: end ?? total, fps });
    const at = (seconds) => `${(100 * seconds) / Math.max(total, 1e-6)}%`;
    this.grips.start.style.left = at(this.start);
    this.grips.end.style.left = at(this.end);
    Object.assign(this.fill.style, { left: at(this.start), width: at(this.end - this.start) });
    for (const which of ["start", "end"]) {
      this.grips[which].setAttribute("aria-valuemax", total.toFixed(2));
      this.grips[which].setAttribute("aria-valuenow", this[which].toFixed(2));
      this.grips[which].setAttribute("aria-valuetext", `${this[which].toFixed(1)} seconds`);
    }
    const whole = this.start <= 0 && this.end >= total - 1e-3;
    K.write(this.words, whole ? `The whole video, ${clock(total, 1)}` : `${clock(this.start, 1)} to ${clock(this.end, 1)} of ${clock(total, 1)}`);
  }

  /** The range with one end elsewhere, at least three frames long. */
  moved(which, seconds, done) {
    const least = 3 / this.fps, snapped = Math.round(seconds * this.fps) / this.fps;
    const start = which === "start" ? clamp(snapped, 0, this.end - least) : this.start, end = which === "end" ? clamp(snapped, this.start + least, this.total) : this.end;
    this.draw({ total: this.total, start, end, fps: this.fps });
    this.acts.changed(Math.round(start * 1e4) / 1e4, end >= this.total - 0.5 / this.fps ? null : Math.round(end * 1e4) / 1e4, done);
  }

  drag(event, which, grip) {
    if (event.button > 0) return;
    const life = new AbortController(), { signal } = life, before = [this.start, this.end], box = this.bar.getBoundingClientRect();
    grip.setPointerCapture(event.pointerId);
    grip.focus({ preventScroll: true });
    event.preventDefault();
    const at = (move) => ((move.clientX - box.left) / box.width) * this.total;
    grip.addEventListener("pointermove", (move) => this.moved(which, at(move), false), { signal });
    grip.addEventListener("pointerup", (up) => { life.abort(); this.moved(which, at(up), true); }, { signal });
    grip.addEventListener("pointercancel", () => { life.abort(); this.moved(which, before[which === "start" ? 0 : 1], true); }, { signal });
  }

  key(event, which) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 }[event.key];
    if (!step && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    event.stopPropagation();
    const jump = event.shiftKey ? 1 : 1 / this.fps;
    this.moved(which, event.key === "Home" ? 0 : event.key === "End" ? this.total : this[which] + step * jump, true);
  }
}

/** The range's frames: a ruler, and a lane a subject. */
class Lanes {
  /** acts: seek(frame), select(id), draw(). */
  constructor(acts) {
    Object.assign(this, { acts, zoom: 1, what: null });
    this.canvas = K.el("canvas", { class: "su-lanes" });
    this.face = K.el("div", { class: "su-time kin-focus", role: "slider", tabindex: "0", "aria-label": "Frame of the range. Arrows step, with Shift by ten, Space plays", "aria-valuemin": "0" }, this.canvas);
    this.scroller = K.el("div", { class: "su-scroll" }, this.face);
    this.root = this.scroller;
    this.face.addEventListener("pointerdown", (event) => this.press(event));
    this.face.addEventListener("pointermove", (event) => { if (this.face.hasPointerCapture(event.pointerId)) acts.seek(this.frameAt(event)); });
    this.face.addEventListener("click", (event) => { if (this.touched) { acts.seek(this.frameAt(event)); this.pick(event); } this.touched = false; });
    this.scroller.addEventListener("scroll", () => acts.draw());
  }

  get room() { return this.scroller.clientWidth || 600; }

  get scale() { return (this.room * this.zoom) / Math.max(1, this.what?.frames ?? 1); }

  zoomBy(factor) {
    const { what } = this, middle = ((what?.frame ?? 0) + 0.5) * this.scale - this.scroller.scrollLeft;
    this.zoom = clamp(this.zoom * factor, 1, Math.max(1, Math.min(MOST_ZOOM, (what?.frames ?? 1) * 24 / this.room)));
    this.acts.draw();
    this.scroller.scrollLeft = ((what?.frame ?? 0) + 0.5) * this.scale - middle;
  }

  frameAt(event) { return clamp(Math.floor((event.clientX - this.face.getBoundingClientRect().left) / this.scale), 0, Math.max(0, this.what.frames - 1)); }

  press(event) {
    if (event.button > 0 || !this.what) return;
    if (event.pointerType === "touch" && this.zoom > 1) { this.touched = true; return; } // a finger scrolls; its tap is a click
    this.face.focus({ preventScroll: true });
    this.face.setPointerCapture(event.pointerId);
    this.pick(event);
    this.acts.seek(this.frameAt(event));
  }

  pick(event) {
    const y = event.clientY - this.face.getBoundingClientRect().top - RULER - BAND, lane = Math.floor(y / (LANE + LANE_GAP));
    const id = this.what.lanes[lane]?.id;
    if (y >= 0 && id !== undefined) this.acts.select(id);
  }

  reveal() {
    const x = (this.what.frame + 0.5) * this.scale, { scrollLeft } = this.scroller;
    if (x < scrollLeft + 10 || x > scrollLeft + this.room - 10) this.scroller.scrollLeft = x - this.room / 3;
  }

  /**
   * what: {frames, fps, frame, shots, lanes: [{id, name, colour, on, confidence, keys, doubtful, stale, hidden, hiding, own}]}. Confidence: 0..1, -1 where it is not present, null where nobody knows.
   */
  draw(what) {
    this.what = what;
    const { scale, room } = this, height = RULER + BAND + what.lanes.length * (LANE + LANE_GAP) + 4, left = this.zoom > 1 ? this.scroller.scrollLeft : 0;
    this.face.style.width = this.zoom > 1 ? `${Math.ceil(scale * what.frames)}px` : "100%";
    this.face.style.height = `${height}px`;
    this.canvas.style.transform = `translateX(${left}px)`;
    const context = cleared(this.canvas, room, height), style = getComputedStyle(this.face), ink = style.color, soft = style.borderColor;
    const x = (frame) => frame * scale - left, across = (first, last) => [x(first), Math.max(1.5, (last - first + 1) * scale)];
    drawRuler(context, { seconds: what.frames / what.fps, scale: scale * what.fps, left, width: room, colour: style.getPropertyValue("--su-soft") || ink, font: style.fontFamily });
    this.drawDoubts(context, what, across);
    what.lanes.forEach((lane, index) => this.drawLane(context, lane, RULER + BAND + index * (LANE + LANE_GAP), what, x, across, { ink, soft, room }));
    context.fillStyle = ink;
    for (const [first] of what.shots.slice(1)) for (let y = RULER; y < height; y += 6) context.fillRect(Math.round(x(first)) - 0.5, y, 1, 3);
    const at = x(what.frame), wide = Math.max(2, Math.min(scale, 8));
    context.fillStyle = "#ee5d36";
    context.globalAlpha = 0.35;
    context.fillRect(at, RULER - 4, Math.max(wide, scale), height);
    context.globalAlpha = 1;
    context.fillRect(at + Math.max(0, scale / 2 - 1), RULER - 6, 2, height);
    this.face.setAttribute("aria-valuemax", String(what.frames - 1));
    this.face.setAttribute("aria-valuenow", String(what.frame));
    this.face.setAttribute("aria-valuetext", `Frame ${what.frame} of ${what.frames - 1}, ${clock(what.frame / what.fps, 2)}`);
  }

  /** Red marks over the lanes where a mask is doubtful. */
  drawDoubts(context, what, across) {
    context.fillStyle = "#d7263d";
    for (const lane of what.lanes) {
      for (const frame of lane.doubtful) {
        const [left, width] = across(frame, frame), middle = left + width / 2;
        context.beginPath();
        context.moveTo(middle - 4, RULER + 1);
        context.lineTo(middle + 4, RULER + 1);
        context.lineTo(middle, RULER + BAND - 3);
        context.fill();
      }
    }
  }

  drawLane(context, lane, top, what, x, across, { ink, soft, room }) {
    const base = top + LANE;
    context.fillStyle = soft;
    context.globalAlpha = lane.on ? 0.3 : 0.16;
    context.fillRect(0, top, room, LANE);
    context.globalAlpha = 1;
    if (lane.confidence) {
      const columns = Math.min(room, Math.ceil(what.frames * this.scale)), first = this.frameOf(0);
      for (let column = 0; column <= columns; column += 1) {
        const from = this.frameOf(column), to = Math.max(from + 1, this.frameOf(column + 1));
        if (from >= what.frames || from < first) break;
        // Several frames in one column: the least sure one is shown, absence only where it is absent throughout.
        const seen = lane.confidence.slice(from, to), there = seen.filter((one) => one >= 0);
        if (!there.length) { context.fillStyle = soft; context.globalAlpha = 0.9; context.fillRect(column, base - 5, 1, 5); context.globalAlpha = 1; continue; }
        const sure = Math.min(...there), high = 3 + sure * (LANE - 5);
        context.fillStyle = lane.colour;
        context.globalAlpha = 0.35 + 0.65 * sure;
        context.fillRect(column, base - high, 1, high);
        context.globalAlpha = 1;
      }
      context.fillStyle = "#d7263d";
      for (const frame of lane.doubtful) { const [left, width] = across(frame, frame); context.fillRect(left, base - 3, Math.max(2, width), 3); }
    }
    const hatch = (first, last, paint, tilt) => {
      const [left, width] = across(first, last);
      context.save();
      context.beginPath();
      context.rect(left, top, width, LANE);
      context.clip();
      context.strokeStyle = paint;
      context.lineWidth = 1.5;
      for (let at = left - LANE; at < left + width + LANE; at += 7) {
        context.beginPath();
        context.moveTo(at, tilt > 0 ? top : base);
        context.lineTo(at + LANE, tilt > 0 ? base : top);
        context.stroke();
      }
      context.restore();
    };
    for (const [first, last] of lane.stale) {
      context.globalAlpha = 0.8;
      hatch(first, last, ink, 1);
      context.globalAlpha = 1;
      const [left, width] = across(first, last);
      context.strokeStyle = ink;
      context.lineWidth = 1;
      context.setLineDash([4, 3]);
      context.strokeRect(left + 0.5, top + 0.5, width - 1, LANE - 1);
      context.setLineDash([]);
    }
    for (const [first, last] of lane.hidden) {
      const [left, width] = across(first, last);
      context.fillStyle = "rgb(12 13 22 / 72%)";
      context.fillRect(left, top, width, LANE);
      hatch(first, last, "rgb(255 255 255 / 45%)", -1);
    }
    if (lane.hiding) { const [left, width] = across(...lane.hiding); context.strokeStyle = "#ee5d36"; context.lineWidth = 2; context.strokeRect(left, top + 1, width, LANE - 2); }
    for (const { frame, gone } of lane.keys) this.diamond(context, x(frame) + this.scale / 2, top + LANE / 2, lane.colour, gone);
    if (lane.on) { context.strokeStyle = lane.colour; context.lineWidth = 2; context.strokeRect(1, top + 1, room - 2, LANE - 2); }
    context.font = `600 12px ${getComputedStyle(this.face).fontFamily}`;
    context.textBaseline = "top";
    const words = lane.name.length > 34 ? `${lane.name.slice(0, 33)}…` : lane.name, wide = context.measureText(words).width;
    context.fillStyle = "rgb(12 13 22 / 62%)";
    context.fillRect(5, top + 4, wide + 10, 18);
    context.fillStyle = "#fff";
    context.fillText(words, 10, top + 7);
  }

  frameOf(column) { return Math.max(0, Math.floor((column + (this.zoom > 1 ? this.scroller.scrollLeft : 0)) / this.scale)); }

  diamond(context, x, y, colour, gone) {
    context.beginPath();
    context.moveTo(x, y - 8);
    context.lineTo(x + 6, y);
    context.lineTo(x, y + 8);
    context.lineTo(x - 6, y);
    context.closePath();
    context.fillStyle = gone ? "#20222e" : colour;
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = "#fff";
    context.stroke();
  }
}
