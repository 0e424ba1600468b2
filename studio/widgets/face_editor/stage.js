// The picture with what lies on it: the tried frame, the mesh, a box for each face, and the seven handles. It shows; it decides nothing.

class Stage {
  /** acts: choose(point), moved(name, [x, y], done), reset(name), placed([x, y]). */
  constructor(acts) {
    this.acts = acts;
    this.still = K.el("img", { class: "fe-still", alt: "", draggable: "false" });
    this.lines = svg("path", { class: "fe-lines" });
    this.shade = svg("path", { class: "fe-shade" });
    this.dots = svg("path", { class: "fe-dots" });
    this.mesh = svg("svg", { class: "fe-mesh", viewBox: "0 0 1000 1000", preserveAspectRatio: "none", "aria-hidden": "true" }, this.dots, this.shade, this.lines);
    this.boxes = K.el("div", { class: "fe-boxes", role: "group", "aria-label": "Faces in the picture" });
    this.handles = Object.fromEntries(Object.keys(WORDS).map((name) => [name, this.handle(name)]));
    this.grips = K.el("div", { class: "fe-grips", role: "group", "aria-label": "Points of the face" }, Object.values(this.handles));
    this.marks = K.el("div", { class: "fe-marks" });
    this.inner = K.el("div", { class: "fe-inner" }, this.still, this.mesh, this.boxes, this.grips, this.marks);
    this.loupe = K.el("div", { class: "fe-loupe", hidden: true, "aria-hidden": "true" });
    this.shimmer = K.el("div", { class: "fe-shimmer", hidden: true });
    this.badge = K.el("span", { class: "fe-badge", hidden: true });
    this.root = K.el("div", { class: "fe-stage", hidden: true }, this.inner, this.shimmer, this.badge, this.loupe);
    this.inner.addEventListener("click", (event) => { if (this.root.classList.contains("fe-guiding")) acts.placed(this.fractionAt(event)); });
    this.serial = 0;
    this.tried = null;
    this.faces = [];
  }

  /** Where the pointer is, in fractions of the picture. */
  fractionAt(event) {
    const box = this.inner.getBoundingClientRect();
    return [fraction((event.clientX - box.left) / box.width), fraction((event.clientY - box.top) / box.height)];
  }

  /** Shows a picture once it can be drawn without a flash. False when the browser cannot read it, or when another one came meanwhile. */
  async show(address) {
    const serial = ++this.serial, picture = new Image();
    picture.src = address;
    try { await picture.decode(); } catch { return false; }
    if (serial !== this.serial) return false;
    this.still.src = address;
    this.setShape(picture.naturalWidth, picture.naturalHeight);
    this.root.hidden = false;
    return true;
  }

  clear() {
    this.serial += 1;
    this.root.hidden = true;
    this.still.removeAttribute("src");
    this.layTried(null);
  }

  setShape(width, height) {
    this.shape = width / height;
    this.layout();
  }

  layout() {
    if (!this.shape) return;
    const tallest = Math.max(240, Math.round(window.innerHeight * 0.62));
    this.root.style.aspectRatio = String(this.shape);
    this.root.style.maxWidth = `${Math.round(tallest * this.shape)}px`;
  }

  zoom({ scale, x, y } = { scale: 1, x: 0, y: 0 }) {
    const { style } = this.inner;
    style.width = style.height = `${scale * 100}%`;
    style.left = `${-x * scale * 100}%`;
    style.top = `${-y * scale * 100}%`;
    this.scale = scale;
  }

  /** Draws an answer of face-look; null draws nothing. `landmarks` lie where the hand put them, also before the next answer. */
  draw(look, landmarks) {
    const points = look?.points ?? [], lines = linesPath(points, look?.lines ?? []);
    this.lines.setAttribute("d", lines);
    this.shade.setAttribute("d", lines);
    this.dots.setAttribute("d", dotsPath(points));
    this.drawBoxes(look?.faces ?? [], look?.chosen ?? null);
    const own = new Map(landmarks.map((mark) => [mark.name, [mark.x, mark.y]]));
    for (const [name, node] of Object.entries(this.handles)) {
      const at = own.get(name) ?? look?.handles?.[name];
      node.hidden = !at || !look?.handles?.[name];
      node.classList.toggle("fe-own", own.has(name));
      if (at && this.held !== name) this.put(node, at);
    }
  }

  drawBoxes(faces, chosen) {
    this.faces = faces;
    while (this.boxes.children.length > faces.length) this.boxes.lastChild.remove();
    faces.forEach(({ box: [x, y, width, height] }, index) => {
      if (!this.boxes.children[index]) this.boxes.append(K.el("button", { type: "button", class: "fe-box", onclick: () => this.pick(index) }));
      const node = this.boxes.children[index], label = `Face ${index + 1} of ${faces.length}${index === chosen ? ", speaks" : ": let it speak"}`;
      Object.assign(node.style, { left: `${x * 100}%`, top: `${y * 100}%`, width: `${width * 100}%`, height: `${height * 100}%` });
      node.setAttribute("aria-label", label);
      node.setAttribute("aria-pressed", String(index === chosen));
      node.dataset.number = String(index + 1);
    });
    this.boxes.hidden = faces.length < 2 && chosen !== null;
  }

  pick(index) {
    const [x, y, width, height] = this.faces[index].box;
    this.acts.choose([fraction(x + width / 2), fraction(y + height / 2)]);
  }

  put(node, [x, y]) {
    node.at = [x, y];
    node.style.left = `${x * 100}%`;
    node.style.top = `${y * 100}%`;
  }

  // ---- handles -----------------------------------------------------------------------------------------------------

  handle(name) {
    const words = capital(WORDS[name]);
    const node = K.el("button", { type: "button", class: "fe-handle", hidden: true, "aria-label": `${words}: arrow keys move it, Delete puts it back`, "data-name": name, "data-words": words });
    node.addEventListener("pointerdown", (event) => this.grab(event, name, node));
    node.addEventListener("dblclick", () => this.acts.reset(name));
    node.addEventListener("keydown", (event) => this.key(event, name, node));
    return node;
  }

  grab(event, name, node) {
    if (event.button > 0 || this.held) return;
    const start = node.at, from = this.fractionAt(event), life = new AbortController(), { signal } = life;
    let at = start;
    this.held = name;
    node.setPointerCapture(event.pointerId);
    const end = (keep) => {
      life.abort();
      this.held = null;
      this.loupe.hidden = true;
      if (!keep) this.put(node, start);
      else if (at !== start) this.acts.moved(name, at, true);
    };
    node.addEventListener("pointermove", (move) => {
      const now = this.fractionAt(move);
      at = [fraction(start[0] + now[0] - from[0]), fraction(start[1] + now[1] - from[1])];
      this.put(node, at);
      if (move.pointerType === "touch") this.magnify(at);
    }, { signal });
    node.addEventListener("pointerup", () => end(true), { signal });
    node.addEventListener("pointercancel", () => end(false), { signal });
    window.addEventListener("keydown", (key) => { if (key.key === "Escape") { key.stopPropagation(); end(false); } }, { signal, capture: true });
  }

  /** A finger hides what it points at: the place is shown enlarged in the corner away from it. */
  magnify([x, y]) {
    const box = this.inner.getBoundingClientRect(), stage = this.root.getBoundingClientRect(), times = 2.5, half = 52;
    Object.assign(this.loupe.style, {
      backgroundImage: `url("${this.still.src}")`,
      backgroundSize: `${box.width * times}px ${box.height * times}px`,
      backgroundPosition: `${half - x * box.width * times}px ${half - y * box.height * times}px`,
      left: box.left + x * box.width - stage.left < stage.width / 2 ? "auto" : "8px",
      right: box.left + x * box.width - stage.left < stage.width / 2 ? "8px" : "auto",
    });
    this.loupe.hidden = false;
  }

  key(event, name, node) {
    if (ARROWS[event.key]) {
      const size = this.faces.length ? Math.max(...this.faces.map((face) => face.box[2])) : 0.3, step = (event.shiftKey ? 0.05 : 0.01) * size;
      const [dx, dy] = ARROWS[event.key], at = [fraction(node.at[0] + dx * step), fraction(node.at[1] + dy * step * this.shape)];
      this.put(node, at);
      this.acts.moved(name, at, false);
    } else if (event.key === "Delete" || event.key === "Backspace") this.acts.reset(name);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // ---- tried frame -------------------------------------------------------------------------------------------------

  /** Lays a tried face over its part of the picture, [x, y, width, height] in fractions; null takes it away. */
  async layTried(address, [x, y, width, height] = [0, 0, 1, 1]) {
    const serial = this.layer = (this.layer ?? 0) + 1;
    if (address === null) { this.tried?.remove(); this.tried = null; return; }
    const picture = K.el("img", { class: "fe-tried", alt: "", draggable: "false", src: address });
    Object.assign(picture.style, { left: `${x * 100}%`, top: `${y * 100}%`, width: `${width * 100}%`, height: `${height * 100}%` });
    try { await picture.decode(); } catch { return; }
    if (serial !== this.layer) return;
    if (this.tried) this.tried.replaceWith(picture);
    else this.still.after(picture);
    this.tried = picture;
  }
}
