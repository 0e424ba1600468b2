// What the voice track consists of on the page: the two ways, the track with its tools, and the listeners that seek, scroll and zoom.

const ZOOM_STEP = 1.6;

/** Builds the elements of `app`, a VoiceTrack, as its properties, and puts them into its root. */
function layOut(app) {
  const way = (mode, words, name) => K.el("button", { type: "button", class: "vt-way kin-focus", "data-mode": mode, onclick: () => app.choose(mode) }, K.icon(name), K.el("span", {}, words));
  app.ways = [way("recording", "A recording", "mic"), way("text", "Say a text", "text")];
  app.play = K.button("Play", () => app.player.toggle(), { name: "play" });
  app.moment = K.el("span", { class: "vt-clock" });
  app.whole = K.el("span", { class: "vt-clock vt-whole kin-muted" });
  const tool = (label, act, name) => K.button(label, act, { name });
  app.tools = { undo: tool("Undo", () => app.travel("undo"), "undo"), redo: tool("Redo", () => app.travel("redo"), "redo"), out: tool("Show more of the voice", () => app.zoomBy(1 / ZOOM_STEP), "minus"), in: tool("Show it closer", () => app.zoomBy(ZOOM_STEP), "zoom") };
  app.cursor = K.el("div", { class: "vt-cursor" });
  app.face = K.el("div", { class: "vt-face kin-focus", tabindex: "0", role: "slider", "aria-label": "Moment in the voice. Space plays, arrows move", "aria-valuemin": "0" }, app.wave.canvas);
  app.inner = K.el("div", { class: "vt-inner" }, app.face, app.lane.root, app.cursor);
  app.scroller = K.el("div", { class: "vt-scroll" }, app.inner);
  app.adds = K.el("div", { class: "kin-line vt-adds", role: "group", "aria-label": "Add an expression at the cursor" }, K.el("span", { class: "kin-muted" }, "Add at the cursor:"),
    Object.entries(KINDS).map(([kind, words]) => K.el("button", { type: "button", class: `vt-add kin-focus vt-${kind}`, "aria-label": `Add ${words.toLowerCase()} at the cursor`, onclick: () => app.add(app.player.time, kind) }, words)));
  app.auto = K.el("input", { type: "checkbox", class: "kin-check", onchange: () => { app.laughter = app.auto.checked; app.tell(); app.draw(); } });
  app.autoLine = K.el("span", { class: "kin-muted" });
  app.track = K.el("div", { class: "vt-track" },
    K.el("div", { class: "kin-line" }, app.play, app.moment, app.whole, K.el("div", { class: "vt-tools" }, Object.values(app.tools))),
    app.scroller, app.inspector.root, app.adds, K.el("label", { class: "vt-auto" }, app.auto, K.el("span", {}, "Find laughter by itself"), app.autoLine));
  app.said = K.el("p", { class: "vt-said", role: "status", "aria-live": "polite" });
  app.again = K.button("Listen again", () => { app.say(""); app.ask(); }, { name: "again", text: true });
  app.root.append(K.el("div", { class: "kin-line" }, K.el("span", { class: "kin-label" }, "Voice"), K.el("div", { class: "vt-ways", role: "group", "aria-label": "Where the voice comes from" }, app.ways)),
    app.recording.root, app.saying.root, K.el("div", { class: "kin-line" }, app.said, app.again), app.track);
  const at = (event) => (event.clientX - app.inner.getBoundingClientRect().left) / app.scale;
  app.face.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || event.pointerType === "touch") return; // a finger scrolls; its tap is a click
    app.face.setPointerCapture(event.pointerId);
    app.player.seek(at(event));
  });
  app.face.addEventListener("pointermove", (event) => { if (event.pointerType !== "touch" && app.face.hasPointerCapture(event.pointerId)) app.player.seek(at(event)); });
  app.face.addEventListener("click", (event) => { if (event.detail) app.player.seek(at(event)); });
  app.scroller.addEventListener("scroll", () => app.paint());
  app.scroller.addEventListener("wheel", (event) => { if (event.ctrlKey) { event.preventDefault(); app.zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2); } }, { passive: false });
}
