// The page elements around the canvas: toolbar, ways to look, status sentence, coordinates. Listens to clicks; the App decides.

const TOOLS = [["move", "Move", "m"], ["pin", "Pin", "p"], ["brush", "Brush the thing", "b"], ["select", "Select", "v"]];
const MODES = [["picture", "Picture"], ["motion", "Motion"], ["flow", "Flow colours"]];

class Panel {
  constructor(app) {
    this.app = app;
    this.list = new StrokeList(app);
    this.status = make("p", { class: "sc-status", role: "status", "aria-live": "polite" });
    this.notes = make("ul", { class: "sc-notes", hidden: true });
  }

  build() {
    const { app } = this;
    this.buildStage();
    app.root.replaceChildren(this.toolbar(), app.stage, this.views(), this.status, this.notes, this.list.node, this.coordinates());
  }

  toolbar() {
    const { app } = this;
    this.tools = TOOLS.map(([tool, words, key]) => button(tool, words, () => app.setTool(tool), { key, "data-tool": tool }));
    const group = (label, children) => make("div", { class: "sc-group", role: "group", "aria-label": label }, children);
    this.undo = button("undo", "Undo", () => app.undo(), { key: "Ctrl+Z", quiet: true });
    this.redo = button("redo", "Redo", () => app.redo(), { key: "Ctrl+Shift+Z", quiet: true });
    this.remove = button("trash", "Delete selected stroke", () => app.removeSelected(), { key: "Delete", quiet: true });
    this.clear = button("clear", "Clear all strokes", () => app.clear(), { quiet: true });
    this.size = make("input", {
      type: "range", min: "0.005", max: "0.2", step: "0.001", "aria-label": "Size of the stroke",
      on: { input: () => app.setRadius(Number(this.size.value), false), change: () => app.setRadius(Number(this.size.value), true) },
    });
    this.sizeDot = make("span", { class: "sc-dot", "aria-hidden": "true" });
    this.bar = make("div", { class: "sc-bar", role: "toolbar", "aria-label": "Drawing tools" }, [
      group("Tools", this.tools),
      make("label", { class: "sc-size", title: "Size: how far around the stroke things are taken along ([ and ])" }, [make("span", { class: "sc-label", text: "Size" }), this.size, this.sizeDot]),
      group("History", [this.undo, this.redo, this.remove, this.clear]),
      group("Photo", [
        button("photo", "Load another photo", () => app.picture.choose(), { quiet: true }),
        button("help", "Show me how to draw", () => { app.demo.start(); app.say("The hand shows a stroke: press on the thing, drag to where it should go, lift."); }, { quiet: true }),
      ]),
    ]);
    return this.bar;
  }

  buildStage() {
    const { app } = this;
    this.empty = make("div", { class: "sc-empty" }, [
      make("span", { class: "sc-art", html: icon("photo"), "aria-hidden": "true" }),
      make("button", { type: "button", class: "sc-load", text: "Load a photo", on: { click: () => app.picture.choose() } }),
      make("p", { text: "or drop one here, or paste it" }),
    ]);
    this.fit = button("fit", "Fit", () => app.fit(), { key: "0", hidden: true });
    this.fit.classList.add("sc-fit");
    this.keep = make("div", { class: "sc-keep", role: "group", "aria-label": "Strokes of the photo before", hidden: true });
    this.shimmer = make("div", { class: "sc-shimmer", hidden: true, "aria-hidden": "true" }, [make("span")]);
    app.stage.append(this.empty, this.keep, this.fit, this.shimmer);
  }

  views() {
    const { app } = this;
    const toggle = (words, pressed, click) => make("button", { type: "button", class: "sc-chip", text: words, "aria-pressed": String(pressed), on: { click } });
    this.modes = MODES.map(([mode, words]) => Object.assign(toggle(words, false, () => app.setMode(mode)), { mode }));
    this.arrows = toggle("Arrows", false, () => app.flip("showArrows"));
    this.masks = toggle("Mask", false, () => app.flip("showMasks"));
    this.play = make("button", { type: "button", class: "sc-chip sc-play", on: { click: () => app.togglePlay() } });
    this.look = make("div", { class: "sc-views", hidden: true }, [
      this.play,
      make("div", { class: "sc-segments", role: "group", "aria-label": "What is shown" }, this.modes),
      make("div", { class: "sc-group", role: "group", "aria-label": "Shown above it" }, [this.arrows, this.masks]),
    ]);
    return this.look;
  }

  coordinates() {
    const { app } = this;
    this.text = make("textarea", {
      rows: "7", spellcheck: "false", "aria-label": "Strokes as JSON", "aria-describedby": `${app.id}-hint`,
      on: { input: () => { this.typed = true; this.tell(""); } },
    });
    this.message = make("p", { class: "sc-message", role: "status", "aria-live": "polite" });
    this.opener = make("input", { type: "file", accept: ".json,application/json", class: "sc-file", tabindex: "-1", "aria-label": "Strokes file", on: {
      change: () => { const [file] = this.opener.files; this.opener.value = ""; if (file) app.importFile(file); },
    } });
    const plain = (words, click) => make("button", { type: "button", class: "sc-chip", text: words, on: { click } });
    this.details = make("details", { class: "sc-coords", on: { toggle: () => this.refreshText() } }, [
      make("summary", { text: "Coordinates and files" }),
      make("p", { id: `${app.id}-hint`, class: "sc-hint", text: "Each stroke is a line. Points are [x, y, t]: x and y from 0 (left, top) to 1 (right, bottom), t from 0 to 1 of the clip; [x, y] alone moves evenly." }),
      this.text, this.message,
      make("div", { class: "sc-group" }, [
        plain("Apply", () => app.applyText(this.text.value)),
        plain("Show current", () => { this.typed = false; this.refreshText(); this.tell(""); }),
        plain("Export JSON", () => app.exportFile()), plain("Import JSON", () => this.opener.click()), this.opener,
      ]),
    ]);
    return this.details;
  }

  refreshText() {
    if (!this.details.open) return;
    if (this.typed) this.tell("The drawing has changed since you typed: Apply uses your text, Show current brings the drawing back.");
    else this.text.value = strokesToText(this.app.store.strokes);
  }

  tell(sentence, kind = "") {
    this.message.textContent = sentence;
    this.message.dataset.kind = kind;
  }

  /** Everything that depends on tool, selection, history and picture. */
  refresh() {
    const { app } = this, { store } = app, ready = Boolean(app.picture.shown);
    for (const node of this.tools) {
      node.setAttribute("aria-pressed", String(node.dataset.tool === app.tool));
      node.disabled = !ready;
    }
    this.undo.disabled = !store.past.length;
    this.redo.disabled = !store.future.length;
    this.remove.disabled = !store.stroke;
    this.clear.disabled = !store.strokes.length;
    this.size.disabled = !ready;
    this.refreshSize();
    this.empty.hidden = ready || app.loading;
    app.canvas.hidden = !ready;
    this.bar.hidden = !ready && !store.strokes.length;
    this.fit.hidden = !ready || app.view.zoom <= 1;
    this.refreshViews();
  }

  refreshSize() {
    const { app } = this;
    this.size.value = String(app.radius);
    this.size.setAttribute("aria-valuetext", `${(app.radius * 100).toFixed(1)} percent of the picture`);
    this.sizeDot.style.setProperty("--sc-dot", `${clamp(4 + app.radius * 120, 4, 28)}px`);
  }

  refreshViews() {
    const { app } = this, { player } = app, ready = Boolean(app.picture.shown);
    this.look.hidden = !ready || !(player.strip || player.flow);
    for (const node of this.modes) {
      node.setAttribute("aria-pressed", String(node.mode === app.mode));
      node.hidden = node.mode === "flow" ? !player.flow : node.mode === "motion" && !player.strip;
    }
    this.arrows.setAttribute("aria-pressed", String(app.showArrows));
    this.arrows.hidden = !player.arrows.length;
    this.masks.setAttribute("aria-pressed", String(app.showMasks));
    this.masks.hidden = !player.masks.some(Boolean);
    const runs = player.playing && app.mode === "motion";
    this.play.hidden = !player.strip;
    if (this.play.dataset.does !== String(runs)) this.play.innerHTML = icon(runs ? "pause" : "play"); // a preview that arrives leaves the button's face
    this.play.dataset.does = String(runs);
    this.play.setAttribute("aria-label", runs ? "Pause the preview" : "Play the preview");
    this.play.title = runs ? "Pause (Space)" : "Play (Space)";
    this.notes.hidden = !player.notes.length;
    this.notes.replaceChildren(...player.notes.map((text) => make("li", { text: String(text) })));
  }

  /** Asks, without stopping anything, whether the strokes of the photo before belong on this one too. */
  askToKeep(strokes, keep) {
    const count = strokes.length === 1 ? "stroke" : `${strokes.length} strokes`;
    const close = () => { this.keep.hidden = true; };
    this.keep.replaceChildren(
      make("span", { text: `New photo. Keep the ${count}?` }),
      make("button", { type: "button", class: "sc-chip", text: strokes.length === 1 ? "Keep stroke" : "Keep strokes", on: { click: () => { close(); keep(); } } }),
      make("button", { type: "button", class: "sc-chip", text: "Start fresh", on: { click: close } }),
    );
    this.keep.hidden = false;
  }
}
