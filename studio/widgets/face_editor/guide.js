// Where no face is found: four clicks make one. Shows which point comes next, and takes them by pointer or by keys.

class Guide {
  /** acts: done({name: [x, y]}), left(). */
  constructor(stage, acts) {
    Object.assign(this, { stage, acts, placed: [], on: false });
    this.steps = FOUR.map((name, index) => K.el("li", {}, K.el("i", {}, String(index + 1)), K.el("span", {}, WORDS[name])));
    this.line = K.el("p", { class: "fe-ask", role: "status", "aria-live": "polite" });
    this.undo = K.button("One point back", () => this.back(), { name: "undo", text: true });
    this.leave = K.button("Cancel", () => { this.stop(); acts.left(); }, { name: "close", text: true });
    this.root = K.el("div", { class: "fe-guide", hidden: true }, this.line, K.el("ol", { class: "fe-steps" }, this.steps), K.el("div", { class: "kin-line" }, this.undo, this.leave));
    this.cross = K.el("div", { class: "fe-cross", hidden: true });
    stage.root.addEventListener("keydown", (event) => this.key(event));
  }

  /** cancel: may be left without a face (there is one already). */
  start(cancel) {
    Object.assign(this, { on: true, placed: [], at: [0.5, 0.45] });
    this.leave.hidden = !cancel;
    this.stage.root.classList.add("fe-guiding");
    this.stage.root.setAttribute("tabindex", "0");
    this.stage.root.setAttribute("role", "application");
    this.stage.root.setAttribute("aria-label", "The picture: arrow keys move the cross, Enter places the point");
    this.draw();
  }

  stop() {
    this.on = false;
    this.stage.root.classList.remove("fe-guiding");
    for (const name of ["tabindex", "role", "aria-label"]) this.stage.root.removeAttribute(name);
    this.cross.hidden = true;
    this.draw();
  }

  place(at) {
    if (!this.on) return;
    this.placed.push(at);
    if (this.placed.length < FOUR.length) { this.draw(); return; }
    const points = Object.fromEntries(FOUR.map((name, index) => [name, this.placed[index]]));
    this.stop();
    this.acts.done(points);
  }

  back() {
    this.placed.pop();
    this.draw();
  }

  key(event) {
    if (!this.on || event.target !== this.stage.root) return;
    if (ARROWS[event.key]) {
      const step = event.shiftKey ? 0.05 : 0.01;
      this.at = this.at.map((value, axis) => fraction(value + ARROWS[event.key][axis] * step));
      this.cross.hidden = false;
      this.draw();
    } else if (event.key === "Enter" || event.key === " ") this.place([...this.at]);
    else if (event.key === "Backspace") this.back();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  draw() {
    this.root.hidden = !this.on;
    const next = this.placed.length;
    K.write(this.line, this.on ? `Click the ${WORDS[FOUR[next]]} (as you see it in the picture).` : "");
    this.steps.forEach((node, index) => {
      node.className = index < next ? "fe-done" : index === next ? "fe-next" : "";
      if (index === next) node.setAttribute("aria-current", "step");
      else node.removeAttribute("aria-current");
    });
    this.undo.disabled = !next;
    const dots = this.on ? this.placed.map((at, index) => this.mark(K.el("b", { class: "fe-mark" }, String(index + 1)), at)) : [];
    this.stage.marks.replaceChildren(...dots, this.mark(this.cross, this.at ?? [0, 0]));
  }

  mark(node, [x, y]) {
    node.style.left = `${x * 100}%`;
    node.style.top = `${y * 100}%`;
    return node;
  }
}
