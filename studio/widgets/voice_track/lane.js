// The lane under the waveform: expression spans that are moved, stretched and weakened by pointer, wheel and keys, and the laughter that was found.

const HANDS_OFF_PX = 3;
const HINT = "Arrow left and right move it, with Shift its end, with Alt its start; up and down strengthen and weaken; Delete removes it";

class Lane {
  /** acts: changed(done), selected(), addAt(seconds), seek(seconds), own(start, end, strength), scale() in pixels a second. */
  constructor(spans, acts) {
    Object.assign(this, { spans, acts, nodes: new Map(), found: [] });
    this.hint = K.el("span", { hidden: true, id: `vt-${Math.random().toString(36).slice(2, 9)}` }, HINT);
    this.layer = K.el("div", { class: "vt-layer" });
    this.root = K.el("div", { class: "vt-lane", role: "group", "aria-label": "Expressions over the voice" }, this.hint, this.layer);
    const at = (event) => (event.clientX - this.root.getBoundingClientRect().left) / acts.scale();
    this.root.addEventListener("click", (event) => { if (event.target === this.root || event.target === this.layer) acts.seek(at(event)); });
    this.root.addEventListener("dblclick", (event) => { if (event.target === this.root || event.target === this.layer) acts.addAt(at(event)); });
  }

  /** found: [{start, end, strength}] to show hatched; off: found, but not followed. */
  draw(found, off) {
    const { spans } = this, scale = this.acts.scale(), place = (node, start, end) => Object.assign(node.style, { left: `${start * scale}px`, width: `${(end - start) * scale}px` });
    const wanted = spans.list.map((span) => {
      if (!this.nodes.has(span.id)) this.nodes.set(span.id, this.make(span.id));
      const node = this.nodes.get(span.id), mine = span.id === spans.selected;
      node.className = `vt-span vt-${span.kind}${mine ? " vt-on" : ""}`;
      node.setAttribute("aria-label", spanSaid(span));
      node.setAttribute("aria-pressed", String(mine));
      K.write(node.word, KINDS[span.kind]);
      K.write(node.amount, span.strength === 1 ? "" : `${Math.round(span.strength * 100)} %`);
      node.style.setProperty("--vt-strength", `${(span.strength / STRONGEST) * 100}%`);
      place(node, span.start, span.end);
      return node;
    });
    for (const id of this.nodes.keys()) if (!spans.list.some((span) => span.id === id)) this.nodes.delete(id);
    const pieces = found.flatMap((laugh) => spans.free(laugh.start, Math.min(laugh.end, spans.seconds)).map(([start, end]) => ({ start: hundredths(start), end: hundredths(end), strength: laugh.strength ?? 1 })));
    const print = JSON.stringify([pieces, off, scale]);
    if (print !== this.print) {
      this.print = print;
      this.found = pieces.map(({ start, end, strength }) => {
        const label = `Laughter found from ${start} to ${end} s${off ? ", not followed" : ""}: make it a span of your own`;
        const node = K.el("button", { type: "button", class: `vt-found${off ? " vt-off" : ""}`, "aria-label": label, title: "Laughter was found here. Click to make it your own: then it can be moved and weakened", onclick: () => this.acts.own(start, end, strength) }, K.el("span", {}, "found"));
        place(node, start, end);
        return node;
      });
    }
    K.settle(this.layer, [...this.found, ...wanted]);
  }

  focus(id) { this.nodes.get(id)?.focus({ preventScroll: true }); }

  make(id) {
    const node = K.el("div", { class: "vt-span", role: "button", tabindex: "0", "aria-roledescription": "expression", "aria-describedby": this.hint.id, "data-id": String(id) });
    node.word = K.el("span", { class: "vt-word" });
    node.amount = K.el("span", { class: "vt-amount" });
    node.append(K.el("i", { class: "vt-fill" }), K.el("span", { class: "vt-words" }, node.word, node.amount), K.el("i", { class: "vt-edge vt-start" }), K.el("i", { class: "vt-edge vt-end" }), K.el("i", { class: "vt-grip", title: "How strong" }));
    node.addEventListener("focus", () => this.select(id));
    node.addEventListener("pointerdown", (event) => this.grab(event, id, node));
    node.addEventListener("keydown", (event) => this.key(event, id));
    node.addEventListener("wheel", (event) => this.wheel(event, id), { passive: false });
    return node;
  }

  select(id) {
    if (this.spans.selected === id) return;
    this.spans.selected = id;
    this.acts.selected();
  }

  span(id) { return this.spans.list.find((span) => span.id === id); }

  // ---- pointer -----------------------------------------------------------------------------------------------------

  grab(event, id, node) {
    if (event.button > 0 || this.spans.before) return;
    const { target, clientX, clientY } = event, { spans } = this, from = this.span(id), life = new AbortController(), { signal } = life;
    let what = target.classList.contains("vt-start") ? "start" : target.classList.contains("vt-end") ? "end" : target.classList.contains("vt-grip") ? "strength" : "move";
    let going = false;
    this.select(id);
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    const stop = (keep) => {
      life.abort();
      node.classList.remove("vt-held");
      if (!going) return;
      if (keep) spans.end();
      else spans.abandon();
      this.acts.changed(true);
    };
    node.addEventListener("pointermove", (move) => {
      const dx = move.clientX - clientX, dy = move.clientY - clientY, seconds = dx / this.acts.scale();
      if (!going && Math.max(Math.abs(dx), Math.abs(dy)) < HANDS_OFF_PX) return;
      if (!going) {
        going = true;
        if (what === "strength" && Math.abs(dx) > Math.abs(dy)) what = "move"; // the handle of the strength may lie where one takes a span to move it
        spans.begin();
        node.classList.add("vt-held");
      }
      if (what === "strength") spans.weaken(from, from.strength - (dy / this.root.clientHeight) * STRONGEST);
      else if (what === "move") spans.move(this.span(id), from.start + seconds);
      else spans.stretch(this.span(id), what, from[what] + seconds);
      this.acts.changed(false);
    }, { signal });
    node.addEventListener("pointerup", () => stop(true), { signal });
    node.addEventListener("pointercancel", () => stop(false), { signal });
    window.addEventListener("keydown", (key) => { if (key.key === "Escape") { key.stopPropagation(); stop(false); } }, { signal, capture: true });
  }

  /** The wheel weakens the chosen span only: any other leaves the page its scrolling. */
  wheel(event, id) {
    if (this.spans.selected !== id || !event.deltaY || event.ctrlKey) return;
    event.preventDefault();
    const span = this.span(id);
    if (this.spans.weaken(span, span.strength - Math.sign(event.deltaY) * SNAP)) this.acts.changed(true);
  }

  // ---- keys --------------------------------------------------------------------------------------------------------

  key(event, id) {
    const { spans } = this, span = this.span(id), step = { ArrowLeft: -SNAP, ArrowRight: SNAP }[event.key], rise = { ArrowUp: SNAP, ArrowDown: -SNAP }[event.key];
    let changed;
    if (event.ctrlKey || event.metaKey) return;
    if (step && event.shiftKey) changed = spans.stretch(span, "end", span.end + step);
    else if (step && event.altKey) changed = spans.stretch(span, "start", span.start + step);
    else if (step) changed = spans.move(span, span.start + step);
    else if (rise) changed = spans.weaken(span, span.strength + rise);
    else if (event.key === "Delete" || event.key === "Backspace") { changed = spans.remove(span); this.acts.changed(true); this.acts.removed(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (changed) this.acts.changed(true);
  }
}
