// The widget: holds the parts together, decides what each action means, and keeps the value that Python reads up to date.

const TOO_MANY = `There are ${MAX_STROKES} strokes already: delete one first.`;
const MAX_AREA_POINTS = 2000;

class App {
  constructor(root, { trigger, props, server, upload, watch }) {
    Object.assign(this, { root, trigger, props, tool: "move", radiusNext: DEFAULT_RADIUS, wantedMode: "motion" });
    Object.assign(this, { showArrows: false, showMasks: false, hover: -1, cursor: null, drawing: null, gesturing: false, loading: false, waiting: 0 });
    this.id = `sc-${Math.random().toString(36).slice(2, 9)}`;
    this.life = new AbortController();
    const { signal } = this.life;
    this.reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.stage = make("div", { class: "sc-stage" });
    this.canvas = make("canvas", { class: "sc-canvas", tabindex: "0", role: "application", "aria-label": "Drawing on the photo", "aria-roledescription": "drawing canvas" });
    this.stage.append(this.canvas);
    this.store = new Store();
    this.view = new View(this.canvas);
    this.player = new Player(this, server);
    this.demo = new Demo(this);
    this.panel = new Panel(this);
    this.panel.build();
    this.panel.status.id = `${this.id}-status`;
    this.canvas.setAttribute("aria-describedby", this.panel.status.id);
    this.picture = new Picture(this, upload, signal);
    this.painter = new Painter(this);
    this.pointer = new PointerInput(this, signal);
    this.keyboard = new KeyboardInput(this, signal);
    this.observe();
    this.adopt(this.received(), false);
    watch("value", () => this.valueSet());
    watch("settings", () => this.player.request());
  }

  observe() {
    this.resizes = new ResizeObserver(() => this.layout());
    this.resizes.observe(this.root);
    this.onScreen = true;
    this.sight = new IntersectionObserver((entries) => { this.onScreen = entries.at(-1).isIntersecting; this.invalidate(); });
    this.sight.observe(this.stage);
    for (const event of ["focus", "blur"]) this.canvas.addEventListener(event, () => this.invalidate(), { signal: this.life.signal });
    matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", (event) => {
      this.reducedMotion = event.matches;
      if (this.player.playing === event.matches) this.player.toggle();
    }, { signal: this.life.signal });
  }

  /** Ends this instance: its listeners, observers and frames. The page element may be used again. */
  destroy() {
    this.life.abort();
    this.resizes.disconnect();
    this.sight.disconnect();
    clearTimeout(this.player.timer);
    cancelAnimationFrame(this.frame);
  }

  // ---- value -------------------------------------------------------------------------------------------------------

  received() {
    const value = this.props.value ? JSON.parse(JSON.stringify(this.props.value)) : {};
    const image = value.image?.path ? { path: value.image.path, url: value.image.url, name: value.image.name || value.image.orig_name || "picture" } : null;
    return { image, strokes: Array.isArray(value.strokes) ? value.strokes.map(fullStroke) : [] };
  }

  valueSet() {
    const value = this.received();
    if (this.fingerprint(value) !== this.fingerprint(this.store)) this.adopt(value, true);
  }

  fingerprint({ image, strokes }) { return JSON.stringify([image?.path || null, strokes]); }

  /** Takes a value that Python set. It is one step of the history, so the drawing before can come back. */
  adopt(value, remember) {
    this.pointer.abandon();
    this.panel.keep.hidden = true;
    if (remember) this.store.change({ ...value, selected: -1 });
    else this.store.live({ ...value, selected: -1 });
    this.picture.follow();
    this.invalidate();
    this.refreshAll();
    this.player.request();
  }

  /** The drawing changed for good: Python's value, list, text and preview follow. */
  committed() {
    const { store } = this;
    store.version += 1;
    this.props.value = JSON.parse(JSON.stringify({ image: store.image, strokes: store.strokes, version: store.version }));
    this.hover = Math.min(this.hover, store.strokes.length - 1);
    this.invalidate();
    this.refreshAll();
    this.player.request();
  }

  refreshAll() {
    const focused = this.root.contains(document.activeElement) ? document.activeElement : null;
    this.panel.refresh();
    this.panel.list.refresh();
    this.panel.refreshText();
    this.sayStep();
    // A button that its own click disabled or removed would leave the keyboard nowhere.
    const lost = focused && (focused.disabled || (!focused.isConnected && !this.root.contains(document.activeElement)));
    if (lost) this.canvas.focus({ preventScroll: true });
  }

  settings() {
    const { settings } = this.props;
    return settings && typeof settings === "object" ? JSON.parse(JSON.stringify(settings)) : {};
  }

  clipSeconds() { return clamp(Number(this.props.settings?.seconds) || 3, 0.8, 5); }

  // ---- painting ----------------------------------------------------------------------------------------------------

  layout() {
    const room = this.root.clientWidth;
    if (!room) return; // in a hidden tab: the ResizeObserver calls again when it is shown
    // The height of the window is read only when the width changes: on phones it changes with every scroll.
    if (room !== this.laidOut) { this.laidOut = room; this.tallest = Math.max(240, Math.round(window.innerHeight * 0.7)); }
    const shown = this.picture.shown, shape = shown ? this.view.imageHeight / this.view.imageWidth : 0;
    const width = shown ? Math.round(clamp(this.tallest / shape, Math.min(room, 260), room)) : room;
    const height = shown ? Math.round(clamp(width * shape, 120, this.tallest)) : 250;
    this.stage.style.width = `${width}px`;
    this.stage.style.height = `${height}px`;
    if (this.view.resize(this.canvas.clientWidth || width, this.canvas.clientHeight || height)) this.viewChanged();
  }

  invalidate() {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  tick(now) {
    this.frame = 0;
    if (!this.root.isConnected) { this.destroy(); return; }
    if (!this.view.width) return;
    this.painter.paint(now);
    if (this.onScreen && (this.animates() || (this.demo.running && !this.reducedMotion))) this.invalidate();
  }

  animates() {
    if (this.mode === "motion" && this.player.strip && this.player.playing && !this.drawing) return true;
    return this.hover >= 0 && !this.reducedMotion && this.store.strokes[this.hover]?.kind === "move";
  }

  viewChanged() {
    this.invalidate();
    this.panel.fit.hidden = !this.picture.shown || this.view.zoom <= 1;
  }

  drawingChanged() {
    this.invalidate();
    this.sayStep();
  }

  // ---- picture -----------------------------------------------------------------------------------------------------

  /** A new photo of the user. Its strokes start empty; those of the photo before stay only when the user says so. */
  takePicture(image, shown) {
    const { store } = this, before = store.strokes;
    store.change({ image, strokes: [], selected: -1 });
    this.player.clear();
    this.cursor = null;
    this.view.reset();
    this.picture.show(shown);
    this.committed();
    this.announcePicture();
    if (before.length) this.panel.askToKeep(before, () => { if (store.change({ strokes: [...before, ...store.strokes] })) this.committed(); });
  }

  announcePicture() {
    const { shown } = this.picture;
    this.trigger("image_loaded", { name: this.store.image.name, width: shown.width, height: shown.height });
  }

  pictureChanged() {
    this.layout();
    this.viewChanged();
    this.panel.refresh();
    if (this.picture.shown && !this.store.strokes.length && this.demo.firstVisit()) this.demo.start();
    this.sayStep();
  }

  setLoading(on) {
    if (this.loading === on) return;
    this.loading = on;
    this.shimmer();
    this.panel.refresh();
  }

  setWaiting(on) {
    this.waiting = on;
    this.shimmer();
  }

  shimmer() {
    const busy = Boolean(this.waiting || this.loading);
    this.panel.shimmer.hidden = !busy;
    this.stage.setAttribute("aria-busy", String(busy));
    this.sweep?.cancel();
    if (busy && !this.reducedMotion) {
      this.sweep = this.panel.shimmer.firstChild.animate([{ transform: "translateX(-100%)" }, { transform: "translateX(260%)" }], { duration: 1100, iterations: Infinity });
    }
  }

  // ---- actions -----------------------------------------------------------------------------------------------------

  setTool(tool) {
    if (!this.picture.shown) return;
    this.pointer.abandon();
    this.tool = tool;
    this.canvas.dataset.tool = tool;
    this.demo.stop();
    this.panel.refresh();
    this.invalidate();
    this.sayStep();
  }

  get radius() { return this.store.stroke ? this.store.stroke.radius : this.radiusNext; }

  /** The selected stroke's size, and that of the next stroke. `final` is false while a slider is being dragged. */
  setRadius(value, final) {
    const { store } = this, radius = Math.round(clamp(value, 0.003, 0.3) * 1e4) / 1e4;
    this.radiusNext = radius;
    if (store.stroke) {
      store.begin();
      if (radius !== store.stroke.radius) store.live({ strokes: store.withStroke(store.selected, { radius }) });
      if (final && store.end()) { this.committed(); return; }
    }
    this.panel.refreshSize();
    this.invalidate();
  }

  select(index) {
    if (index !== this.store.selected) this.store.live({ selected: index });
    this.panel.refresh();
    this.panel.list.refresh();
    this.invalidate();
    this.sayStep();
  }

  selectNext(step) {
    const count = this.store.strokes.length;
    if (count) this.select((this.store.selected + step + count + (this.store.selected < 0 && step < 0 ? 1 : 0)) % count);
  }

  /** Index of the stroke under a screen place, the selected and the upper ones first; -1 when there is none within `reach` pixels. */
  strokeAt(screen, reach) {
    const { store, view } = this, place = view.toPicture(...screen);
    let best = -1, least = Infinity;
    store.strokes.forEach((stroke, i) => {
      const off = view.pixels(distanceToPath(place, stroke.points, view.units));
      const allowed = stroke.kind === "pin" ? Math.max(reach, view.pixels(stroke.radius)) : reach;
      const rank = off - (i === store.selected ? reach / 2 : 0);
      if (off <= allowed && rank <= least) { best = i; least = rank; }
    });
    return best;
  }

  /** Places of the selected stroke that can be dragged, as lengths from its start: fewer on a short stroke, so that they stay apart. */
  handles() {
    const { store, view } = this, { points } = store.stroke;
    return handleLengths(points, view.units, clamp(Math.round(view.pixels(pathLength(points, view.units)) / 80) + 1, 2, 7));
  }

  setHover(index) {
    if (index === this.hover) return;
    this.hover = index;
    this.invalidate();
  }

  setCursor(place) {
    if (!place && !this.cursor) return;
    this.cursor = place;
    this.invalidate();
  }

  full() {
    if (this.store.strokes.length < MAX_STROKES) return false;
    this.say(TOO_MANY, "warn");
    return true;
  }

  /** What was drawn becomes a stroke, or the brushed part of the selected one. `tap`: the pointer hardly moved. */
  finishDrawing(drawing, tap) {
    const { units } = this.view;
    const points = drawing.keyboard ? evenlyTimed(simplifyToLimit(drawing.points, units), units) : timedPoints(drawing.points, units);
    if (drawing.kind === "area") this.finishArea(drawing);
    else if (drawing.kind === "pin" && (tap || !points)) this.addStroke({ kind: "pin", radius: drawing.radius, points: [cleanPoint([...drawing.points[0].slice(0, 2), 0])] });
    else if (tap || !points) this.finishTap(drawing);
    else this.addStroke({ kind: drawing.kind, radius: drawing.radius, points });
  }

  addStroke(stroke) {
    this.store.change(this.store.add(fullStroke(stroke)));
    this.committed();
  }

  finishTap(drawing) {
    const hit = this.strokeAt(this.view.toScreen(drawing.points[0]), 14);
    if (hit >= 0) { this.select(hit); return; }
    this.drawingChanged();
    this.say("Press, drag to where it should go, then lift.", "warn");
  }

  finishArea({ points, radius, erase }) {
    const { store, view } = this, { units } = view, old = store.stroke.area || [];
    let area;
    if (erase) {
      area = old.filter((p) => distanceToPath(p, points, units) > radius);
    } else {
      const dab = Math.min(1, rounded(old.length ? Math.max(...old.map((p) => p[2])) + 0.001 : 0));
      area = [...old, ...spaced(points, radius * 0.4, units).map((p) => cleanPoint([p[0], p[1], dab]))];
      if (area.length > MAX_AREA_POINTS) { this.drawingChanged(); this.say("That is a lot of brushing: take a larger size for the rest.", "warn"); return; }
    }
    store.change({ strokes: store.withStroke(store.selected, { area: area.length ? area : null }) });
    this.committed();
  }

  removeSelected() {
    if (this.store.stroke && this.store.change(this.store.remove(this.store.selected))) this.committed();
  }

  clear() {
    if (this.store.strokes.length && this.store.change({ strokes: [], selected: -1 })) this.committed();
  }

  undo() {
    this.pointer.abandon();
    this.travel(this.store.undo(), "Nothing to undo.");
  }

  redo() {
    this.pointer.abandon();
    this.travel(this.store.redo(), "Nothing to redo.");
  }

  travel(moved, otherwise) {
    if (!moved) { this.say(otherwise); return; }
    this.panel.keep.hidden = true;
    this.picture.follow();
    this.committed();
  }

  zoomBy(factor) {
    if (!this.picture.shown) return;
    const at = this.cursor ? this.view.toScreen(this.cursor) : [this.view.width / 2, this.view.height / 2];
    this.view.zoomAt(...at, factor);
    this.viewChanged();
  }

  fit() {
    this.view.reset();
    this.viewChanged();
  }

  // ---- looking -----------------------------------------------------------------------------------------------------

  /** What is shown: the wish, as far as the preview has it. */
  get mode() {
    if (this.wantedMode === "motion" && !this.player.strip) return "picture";
    return this.wantedMode === "flow" && !this.player.flow ? "picture" : this.wantedMode;
  }

  setMode(mode) {
    this.wantedMode = mode;
    this.panel.refreshViews();
    this.invalidate();
  }

  flip(key) {
    this[key] = !this[key];
    this.panel.refreshViews();
    this.invalidate();
  }

  togglePlay() {
    if (!this.player.strip) return;
    const shown = this.mode === "motion";
    this.wantedMode = "motion";
    if (shown || !this.player.playing) this.player.toggle();
    else this.previewChanged("");
  }

  previewChanged(error) {
    this.setWaiting(false);
    this.panel.refreshViews();
    this.invalidate();
    if (error) this.say(error, "preview");
    else if (!["error", "warn"].includes(this.panel.status.dataset.kind)) this.sayStep(); // another error stays until the user acts
  }

  // ---- words -------------------------------------------------------------------------------------------------------

  say(sentence, kind = "") {
    const { status } = this.panel;
    if (status.textContent !== sentence) status.textContent = sentence;
    status.dataset.kind = kind;
  }

  sayStep() {
    if (!this.loading) this.say(stepSentence(this));
  }

  // ---- text and files ----------------------------------------------------------------------------------------------

  applyText(text) {
    const { panel } = this;
    try {
      const strokes = strokesFromText(text);
      panel.typed = false;
      if (this.store.change({ strokes, selected: -1 })) this.committed();
      panel.tell(strokes.length === 1 ? "1 stroke applied." : `${strokes.length} strokes applied.`, "good");
      return true;
    } catch (error) {
      panel.tell(error.message, "error");
      return false;
    }
  }

  async importFile(file) {
    const text = file.size > 8e6 ? "" : await file.text();
    if (!this.applyText(text)) {
      this.panel.details.open = true;
      this.panel.typed = true;
      this.panel.text.value = text.slice(0, 20000);
      this.say(`“${file.name}” holds no strokes: see the message under Coordinates.`, "error");
    }
  }

  exportFile() {
    const address = URL.createObjectURL(new Blob([strokesToText(this.store.strokes) + "\n"], { type: "application/json" }));
    make("a", { href: address, download: "strokes.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
}

const host = element.querySelector(".sc");
host.strokeCanvas?.destroy(); // Gradio may run this twice on one element, after a key change: the first instance must let go
host.strokeCanvas = new App(host, { trigger, props, server, upload, watch });
