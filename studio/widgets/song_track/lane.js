// The lane of intervals: each with its two stills, its pattern and words; edges that are dragged or moved by keys from bar to bar.

class IntervalLane {
  /** acts: changed(done), select(id), seek(seconds), preview(), scale(), snap(seconds, fine), step(seconds, way, fine), keys(event), said(piece). */
  constructor(plan, stills, acts) {
    Object.assign(this, { plan, stills, acts, nodes: new Map(), edges: new Map() });
    this.hint = K.el("span", { hidden: true, id: `so-${Math.random().toString(36).slice(2, 9)}` }, "Arrows choose the next interval, Enter previews, S splits at the cursor, J joins with the next, Delete removes");
    this.layer = K.el("div", { class: "so-layer" });
    this.root = K.el("div", { class: "so-lane", role: "group", "aria-label": "Intervals of the video" }, this.hint, this.layer);
  }

  draw(slots) {
    const { plan } = this, scale = this.acts.scale();
    const pieces = plan.list.map((piece, index) => {
      const { id } = piece, node = this.nodes.get(id) ?? this.make(id), mine = id === plan.selected, { start, end } = slots[index];
      this.nodes.set(id, node);
      node.className = `so-piece kin-focus${mine ? " so-on" : ""}${plan.owned ? "" : " so-proposed"}`;
      node.tabIndex = mine ? 0 : -1;
      node.setAttribute("aria-pressed", String(mine));
      node.setAttribute("aria-label", this.acts.said(piece, index, slots[index]));
      Object.assign(node.style, { left: `${piece.start * scale}px`, width: `${(piece.end - piece.start) * scale}px` });
      this.picture(node.start, piece, start);
      this.picture(node.end, piece, piece.pattern === "freeze" || piece.picture || piece.clip ? null : end);
      if (node.icon.dataset.pattern !== piece.pattern) { node.icon.dataset.pattern = piece.pattern; node.icon.replaceChildren(patternIcon(piece.pattern)); }
      K.write(node.word, PATTERNS[piece.pattern]?.word ?? piece.pattern);
      K.write(node.words, piece.picture?.orig_name ?? piece.clip?.orig_name ?? wayOf(start, end));
      node.title = node.words.textContent;
      return node;
    });
    for (const [id] of this.nodes) if (!plan.list.some((one) => one.id === id)) this.nodes.delete(id);
    K.settle(this.layer, [...pieces, ...this.handles(scale)]);
  }

  /** One handle for each edge that can move: shared where two intervals touch. */
  handles(scale) {
    const { plan } = this, { list, piece: chosen } = plan, wanted = [];
    for (const piece of list) {
      if (plan.movable(piece, "start") && !plan.beside(piece, "start")) wanted.push([piece, "start"]);
      if (plan.movable(piece, "end")) wanted.push([piece, "end"]);
    }
    const keys = new Set(wanted.map(([piece, edge]) => `${piece.id} ${edge}`)), nodes = wanted.map(([piece, edge]) => {
      const key = `${piece.id} ${edge}`, node = this.edges.get(key) ?? this.makeEdge(piece.id, edge), other = plan.beside(piece, edge), mine = chosen && (piece === chosen || other === chosen);
      this.edges.set(key, node);
      node.tabIndex = mine ? 0 : -1;
      node.classList.toggle("so-mine", Boolean(mine));
      node.style.left = `${piece[edge] * scale}px`;
      const [low, high] = plan.room(piece, edge), number = list.indexOf(piece) + 1;
      node.setAttribute("aria-label", other ? `Edge between intervals ${number} and ${number + 1}` : `${edge === "start" ? "Start" : "End"} of interval ${number}`);
      for (const [name, value] of [["min", low], ["max", high], ["now", piece[edge]]]) node.setAttribute(`aria-value${name}`, value.toFixed(2));
      node.setAttribute("aria-valuetext", clock(piece[edge], 2));
      return node;
    });
    for (const key of this.edges.keys()) if (!keys.has(key)) this.edges.delete(key);
    return nodes;
  }

  picture(node, piece, slot) {
    const end = node.dataset.end, own = piece.picture ?? piece.clip, source = own ? (end === "start" ? own.url : null) : this.stills.picture(slot);
    node.dataset.piece = String(piece.id);
    node.hidden = (Boolean(own) && end === "end") || !(own || slot);
    node.classList.toggle("so-waits", !own && this.stills.waits(slot));
    showPicture(node, source, Boolean(piece.clip));
  }

  focus(id = this.plan.selected) { this.nodes.get(id)?.focus({ preventScroll: true }); }

  make(id) {
    const node = K.el("div", { role: "button", "aria-roledescription": "interval", "aria-describedby": this.hint.id, "data-id": String(id) });
    for (const end of ["start", "end"]) node[end] = K.el("span", { class: `so-slot so-thumb so-${end}`, "data-end": end, "aria-hidden": "true" });
    node.icon = K.el("span", { class: "so-icon" });
    node.word = K.el("b", {});
    node.words = K.el("span", { class: "so-words" });
    node.append(node.start, K.el("span", { class: "so-middle" }, K.el("span", { class: "so-pattern" }, node.icon, node.word), node.words), node.end);
    node.addEventListener("focus", () => this.acts.select(id));
    node.addEventListener("click", () => { this.acts.select(id); node.focus({ preventScroll: true }); });
    node.addEventListener("dblclick", () => this.acts.seek(this.plan.piece?.start ?? 0));
    node.addEventListener("keydown", (event) => this.acts.keys(event));
    return node;
  }

  makeEdge(id, edge) {
    const node = K.el("div", { class: "so-edge kin-focus", role: "slider", title: "Drag: from bar to bar; with Alt from beat to beat", "data-edge": edge, "data-id": String(id) });
    node.addEventListener("pointerdown", (event) => this.grab(event, id, edge, node));
    node.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key], piece = this.piece(id);
      if (event.key === "Enter") this.acts.preview();
      else if (!way || event.ctrlKey || event.metaKey) return;
      else if (this.plan.edge(id, edge, this.acts.step(piece[edge], way, event.altKey))) this.acts.changed(true);
      event.preventDefault();
      event.stopPropagation();
    });
    return node;
  }

  piece(id) { return this.plan.list.find((one) => one.id === id); }

  grab(event, id, edge, node) {
    if (event.button > 0 || this.plan.before) return;
    const { plan } = this, x = event.clientX, from = this.piece(id)[edge], life = new AbortController(), { signal } = life;
    let going = false;
    event.preventDefault();
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    const stop = (keep) => {
      life.abort();
      node.classList.remove("so-held");
      if (!going) return;
      if (keep) plan.end();
      else plan.abandon();
      this.acts.changed(true);
    };
    node.addEventListener("pointermove", (move) => {
      if (!going && Math.abs(move.clientX - x) < 3) return;
      if (!going) { going = true; plan.begin(); node.classList.add("so-held"); }
      if (plan.edge(id, edge, this.acts.snap(from + (move.clientX - x) / this.acts.scale(), move.altKey))) this.acts.changed(false);
    }, { signal });
    node.addEventListener("pointerup", () => stop(true), { signal });
    node.addEventListener("pointercancel", () => stop(false), { signal });
    window.addEventListener("keydown", (key) => { if (key.key === "Escape") { key.stopPropagation(); stop(false); } }, { signal, capture: true });
  }
}

/** The words of an interval in little room: where it begins, unless it continues, and what is other at its end. */
function wayOf(start, end) {
  const from = start.prompt.split(" "), to = end.prompt.split(" "), at = to.findIndex((word, index) => word !== from[index]);
  const change = at < 0 ? "" : `→ ${to.slice(from[at - 1] && ["at", "by", "in", "over", "on", "the", "a", "an"].includes(from[at - 1]) ? at - 1 : at).join(" ")}`;
  return start.chained && change ? change : `${start.prompt} ${change}`.trim();
}

/** A still, photo or clip in a slot; nothing is made anew while the source stays. */
function showPicture(node, source, moves = false) {
  if ((node.dataset.source ?? "") === (source ?? "")) return;
  node.dataset.source = source ?? "";
  const shown = !source ? [] : [moves ? K.el("video", { src: `${source}#t=0.1`, muted: true, preload: "metadata", playsinline: true }) : K.el("img", { src: source, alt: "", draggable: "false" })];
  node.replaceChildren(...shown);
}
