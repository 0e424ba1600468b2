// The list of strokes under the canvas: which is which, its order, and the choices of the selected one.

const TAKES_WORDS = { auto: "what it starts on", thing: "the thing", background: "the background" };
const EASING_WORDS = { drawn: "as drawn", even: "even", ease: "ease in and out", "ease-in": "ease in", "ease-out": "ease out" };

class StrokeList {
  constructor(app) {
    this.app = app;
    this.node = make("ol", { class: "sc-list", "aria-label": "Strokes" });
  }

  /** Builds the rows anew and puts the focus back where it was. */
  refresh() {
    const { store } = this.app, focused = this.node.contains(document.activeElement) ? document.activeElement.dataset : null;
    const wanted = focused?.act && { act: focused.act, row: focused.row === undefined ? null : Number(focused.row) };
    this.node.replaceChildren(...store.strokes.map((stroke, i) => this.row(stroke, i)));
    this.node.hidden = !store.strokes.length;
    if (!wanted || !store.strokes.length) return;
    const row = wanted.act === "up" || wanted.act === "down" ? Math.max(store.selected, 0) : Math.min(wanted.row, store.strokes.length - 1);
    const same = this.node.querySelector(`[data-act="${wanted.act}"][data-row="${row}"]:not(:disabled)`);
    (same || this.node.querySelector(`[data-act="pick"][data-row="${row}"]`))?.focus();
  }

  row(stroke, i) {
    const { app } = this, { store } = app, selected = i === store.selected;
    const mark = (act) => ({ "data-act": act, "data-row": i });
    const pick = make("button", {
      type: "button", class: "sc-pick", "aria-pressed": String(selected), "aria-label": `Stroke ${i + 1}, ${this.words(stroke)}`, ...mark("pick"),
      on: { click: () => app.select(selected ? -1 : i) },
    }, [this.swatch(stroke, i), make("span", { class: "sc-name", text: stroke.kind === "pin" ? "Pin" : "Move" }), make("span", { class: "sc-meta", text: this.words(stroke) })]);
    const move = (step) => { store.change({ ...store.swapped(i, step), selected: i + step }); app.committed(); };
    const actions = make("span", { class: "sc-acts" }, [
      button("up", `Move stroke ${i + 1} up`, () => move(-1), { quiet: true, disabled: i === 0, ...mark("up") }),
      button("down", `Move stroke ${i + 1} down`, () => move(1), { quiet: true, disabled: i === store.strokes.length - 1, ...mark("down") }),
      button("trash", `Delete stroke ${i + 1}`, () => { store.change(store.remove(i)); app.committed(); }, { quiet: true, ...mark("delete") }),
    ]);
    const children = [make("div", { class: "sc-line" }, [pick, actions])];
    if (selected && stroke.kind === "move") children.push(this.choices(stroke, i));
    return make("li", {
      class: selected ? "sc-row sc-selected" : "sc-row",
      on: { pointerenter: () => app.setHover(i), pointerleave: () => app.setHover(-1) },
    }, children);
  }

  swatch(stroke, i) {
    const [start, end] = strokeColours(i, stroke.kind);
    return make("span", { class: `sc-swatch sc-${stroke.kind}`, style: `--sc-start:${start};--sc-end:${end}`, "aria-hidden": "true", text: String(i + 1) });
  }

  words(stroke) {
    const percent = Math.round(pathLength(stroke.points, this.app.view.units) * 100);
    if (stroke.kind === "pin") return stroke.points.length === 1 ? "holds a spot still" : `holds still, ${percent} % long`;
    return `${percent} % long` + (stroke.area ? ", brushed" : "") + (stroke.easing === "drawn" ? "" : `, ${EASING_WORDS[stroke.easing]}`);
  }

  choices(stroke, i) {
    const { app } = this, { store } = app;
    const set = (change) => { if (store.change({ strokes: store.withStroke(i, change) })) app.committed(); };
    const choice = (label, key, words) => make("label", { class: "sc-choice" }, [
      make("span", { text: label }),
      make("select", { "data-act": key, "data-row": i, on: { change: (event) => set({ [key]: event.target.value }) } },
        Object.entries(words).map(([value, text]) => make("option", { value, text, selected: stroke[key] === value }))),
    ]);
    const parts = [choice("Takes", "on", TAKES_WORDS), choice("Timing", "easing", EASING_WORDS)];
    parts.push(stroke.area
      ? button("clear", "Forget brushed part", () => set({ area: null }), { "data-act": "area", "data-row": i })
      : button("brush", "Brush the thing", () => { app.setTool("brush"); app.canvas.focus(); }, { "data-act": "area", "data-row": i }));
    return make("div", { class: "sc-choices" }, parts);
  }
}
