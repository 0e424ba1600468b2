// The chosen span in plain controls: kind, start, end, strength. Everything that a hand does on the lane can be done here with a keyboard or a thumb.

class Inspector {
  /** acts: changed(done), remove(). */
  constructor(spans, acts) {
    Object.assign(this, { spans, acts });
    this.kind = K.el("select", { class: "kin-input", "aria-label": "What the face shows" }, Object.entries(KINDS).map(([value, label]) => K.el("option", { value }, label)));
    this.start = this.number("Starts at, in seconds", "start");
    this.end = this.number("Ends at, in seconds", "end");
    this.strength = K.el("input", { type: "range", class: "kin-range", min: "0", max: String(STRONGEST), step: String(SNAP), "aria-label": "Strength" });
    this.amount = K.el("span", { class: "vt-clock" });
    this.root = K.el("div", { class: "vt-inspector", role: "group", "aria-label": "The chosen expression", hidden: true },
      this.kind, K.el("span", { class: "vt-choice" }, "from", this.start, "to", this.end, "s"),
      K.el("label", { class: "vt-choice vt-strength" }, K.el("span", {}, "Strength"), this.strength, this.amount), K.button("Remove this expression", acts.remove, { name: "trash" }));
    this.kind.addEventListener("change", () => { if (spans.span && spans.kind(spans.span, this.kind.value)) acts.changed(true); });
    this.strength.addEventListener("input", () => { if (!spans.span) return; spans.begin(); if (spans.weaken(spans.span, Number(this.strength.value))) acts.changed(false); });
    this.strength.addEventListener("change", () => { spans.end(); acts.changed(true); });
  }

  number(label, edge) {
    const input = K.el("input", { type: "number", class: "kin-input kin-seconds", min: "0", step: String(SNAP), "aria-label": label });
    input.addEventListener("change", () => {
      const { span } = this.spans, value = Number(input.value);
      if (span && input.value !== "" && Number.isFinite(value)) { if (this.spans.stretch(span, edge, value)) this.acts.changed(true); }
      this.draw();
    });
    return input;
  }

  draw() {
    const { span } = this.spans, put = (input, value) => { if (Number(input.value) !== value || input.value === "") input.value = String(value); };
    this.root.hidden = !span;
    if (!span) return;
    if (this.kind.value !== span.kind) this.kind.value = span.kind;
    put(this.start, span.start);
    put(this.end, span.end);
    put(this.strength, span.strength);
    fillRange(this.strength);
    const words = `${Math.round(span.strength * 100)} %`;
    K.write(this.amount, words);
    this.strength.setAttribute("aria-valuetext", words);
  }
}
