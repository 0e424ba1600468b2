// How the widget looks: its parts, built once, and drawn again after every change.

const Showing = (Base) => class extends Base {
  build() {
    const tool = (label, act, name, words = null) => {
      const node = K.button(label, act, { name, text: Boolean(words) });
      if (words) node.lastChild.textContent = words;
      return node;
    };
    this.empty = K.el("div", { class: "su-empty" },
      K.el("strong", {}, "Who should be found?"),
      K.el("p", { class: "kin-muted" }, "Drop a video here, or paste one. Any phone video will do; a GIF, too."),
      K.el("div", { class: "kin-line" }, K.button("Choose a video", () => this.intake.choose(), { name: "plus", kind: "primary", text: true })));
    this.facts = K.el("span", { class: "kin-muted su-facts" });
    this.name = K.el("b", { class: "su-filename" });
    this.head = K.el("div", { class: "kin-line su-head" }, K.el("span", { class: "su-title" }, this.name, this.facts), tool("Another video", () => this.intake.choose(), "plus", "Change"), tool("Remove the video", () => this.clear(), "trash"));
    this.tools = Object.fromEntries(Object.entries(TOOLS).map(([name, one]) => {
      const node = shapeButton(one.says, one.path, () => this.choose(name), one.word);
      return [name, node];
    }));
    this.size = K.el("input", { type: "range", class: "kin-range", min: "0.003", max: "0.12", step: "0.001", "aria-label": "Width of the brush", oninput: () => { this.setRadius(Number(this.size.value)); } });
    this.precise = K.el("input", { type: "checkbox", class: "kin-check", onchange: () => { this.exact = this.precise.checked; } });
    this.brushing = K.el("div", { class: "kin-line su-brushing" }, K.el("label", { class: "kin-line" }, K.el("span", { class: "kin-muted" }, "Width"), this.size), K.el("label", { class: "kin-line", title: "The stroke paints the mask itself, rather than pointing at the thing under it" }, this.precise, K.el("span", {}, "To the pixel")));
    this.steps = { undo: tool("Undo", () => this.travel("undo"), "undo"), redo: tool("Redo", () => this.travel("redo"), "redo") };
    this.bar = K.el("div", { class: "kin-line su-tools", role: "group", "aria-label": "Tools" }, Object.values(this.tools), K.el("span", { class: "kin-grow" }), Object.values(this.steps));
    this.views = K.el("select", { class: "kin-input", "aria-label": "What is shown", onchange: () => { this.seeing = this.views.value; this.playback.pause(); this.draw(); } }, Object.entries(VIEWS).map(([value, words]) => K.el("option", { value }, words)));
    this.veil = K.el("input", { type: "range", class: "kin-range", min: "0", max: "1", step: "0.05", value: String(this.opacity), "aria-label": "Strength of the masks' colours", oninput: () => { this.opacity = Number(this.veil.value); this.draw(); } });
    this.note = K.el("p", { class: "su-said", role: "status", "aria-live": "polite" });
    this.again = tool("Look again", () => this.ask(), "again", "Look again");
    this.offers = K.el("div", { class: "kin-line su-offers", role: "group", "aria-label": "Proposed subjects" });
    this.play = tool("Play", () => this.playback.toggle(), "play");
    const step = (label, by, d) => shapeButton(label, d, () => { this.playback.pause(); this.seek(this.frame + by); });
    this.clock = K.el("span", { class: "su-clock" });
    this.doubtful = { before: shapeButton("The doubtful frame before (P)", "M18 6v7M18 17v.1M12 6l-6 6 6 6", () => this.doubt(-1)), next: shapeButton("Next doubtful frame (N)", "M6 6v7M6 17v.1M12 6l6 6-6 6", () => this.doubt(1), "Next doubtful") };
    this.closer = { out: tool("Show more of the time", () => this.lanes.zoomBy(1 / LANE_ZOOM_STEP), "minus"), in: tool("Show the time closer", () => this.lanes.zoomBy(LANE_ZOOM_STEP), "zoom") };
    this.transport = K.el("div", { class: "kin-line su-transport" },
      this.play, step("One frame back (left arrow)", -1, "M15 6l-6 6 6 6"), step("One frame on (right arrow)", 1, "M9 6l6 6-6 6"), this.clock, K.el("span", { class: "kin-grow" }), this.doubtful.before, this.doubtful.next, this.closer.out, this.closer.in);
    this.followButton = K.button("Follow through the clip", () => this.follow(), { name: "send", kind: "primary", text: true });
    this.fixes = {
      gone: tool("It is not there from this frame on (G)", () => this.gone(), "close", "Gone from here"), hide: tool("No mask in a range of frames (H)", () => this.hide(), "minus", "Hide from here"),
      unmark: tool("Take the marks of this frame away (Delete)", () => this.unmark(), "trash", "Unmark this frame"),
    };
    this.ranges = K.el("div", { class: "kin-line su-hidden", role: "group", "aria-label": "Hidden ranges" });
    this.events = K.el("div", { class: "kin-line su-events", role: "group", "aria-label": "What happened" });
    this.progress = K.el("i", {});
    this.progressWords = K.el("span", { class: "kin-muted" });
    this.following = K.el("div", { class: "su-following" }, K.el("div", { class: "kin-bar" }, this.progress), this.progressWords);
    this.timing = K.el("div", { class: "su-timing" }, this.transport, this.lanes.root, this.events, K.el("div", { class: "kin-line su-acts" }, this.followButton, Object.values(this.fixes)), this.ranges, this.following);
    const looks = K.el("div", { class: "kin-line su-looks" }, this.views, K.el("label", { class: "kin-line su-veil" }, K.el("span", { class: "kin-muted" }, "Colour"), this.veil), K.el("span", { class: "kin-grow" }), this.brushing);
    this.body = K.el("div", { class: "su-body" }, this.range.root, this.bar, this.stage.root, looks, K.el("div", { class: "kin-line" }, this.note, this.again), this.offers, this.people.root, this.timing);
    this.drop = K.el("div", { class: "su-drop" }, this.empty, this.head, this.body);
    this.root.replaceChildren(this.drop);
  }

  // ---- words -------------------------------------------------------------------------------------------------------

  say(line, kind = "") {
    K.write(this.note, line);
    this.note.dataset.kind = kind;
    this.draw();
  }

  /** What only a screen reader needs to be told. */
  whisper(line) { if (line) K.write(this.stage.hint, line); }

  wait(what, on) {
    this.owed = { ...this.owed, [what]: on };
    this.stage.shimmer.hidden = !(this.owed.look || (this.owed.cut && !this.playback.playing));
    this.stage.root.setAttribute("aria-busy", String(Boolean(this.owed.look || this.owed.cut || this.owed.frame)));
  }

  colourOf(index) { return this.props.colours[index % this.props.colours.length]; }

  get colours() { return Object.fromEntries(this.model.list.map((one, index) => [one.id, this.colourOf(index)])); }

  // ---- drawing -----------------------------------------------------------------------------------------------------

  draw() {
    const { look, file } = this, there = Boolean(file) || this.loading;
    this.empty.hidden = there;
    this.head.hidden = !there;
    this.body.hidden = !look;
    this.note.parentNode.hidden = !this.note.textContent;
    if (!look && this.note.textContent) this.drop.append(this.note.parentNode);
    else if (look && this.note.parentNode.parentNode !== this.body) this.offers.before(this.note.parentNode);
    this.again.hidden = this.note.dataset.kind !== "error" || !file || Boolean(this.owed.look);
    K.write(this.name, file?.orig_name ?? "");
    K.write(this.facts, look ? `${look.width} × ${look.height} · ${Math.round(look.fps * 100) / 100} frames a second · ${look.total_seconds.toFixed(1)} s` : "");
    this.root.classList.toggle("su-owed", Boolean(this.loading || (this.owed.look && !look)));
    if (!look) return;
    const { model, frame } = this, { subject } = model, { playing } = this.playback;
    this.range.draw({ total: look.total_seconds, start: model.state.start, end: model.state.end, fps: look.fps });
    for (const [name, node] of Object.entries(this.tools)) node.setAttribute("aria-pressed", String(this.tool === name));
    this.brushing.hidden = !STROKES.includes(this.tool);
    this.size.value = String(this.radius);
    fillRange(this.size);
    fillRange(this.veil);
    this.veil.disabled = this.seeing !== "overlay";
    this.steps.undo.disabled = !model.past.length && !model.before;
    this.steps.redo.disabled = !model.future.length;
    this.drawOffers();
    this.people.draw(model.list.map((one, index) => ({ subject: one, colour: this.colourOf(index), on: one.id === model.selected, ...this.stateOf(one) })));
    const words = playing ? "Pause" : "Play";
    if (this.play.dataset.does !== words) { this.play.dataset.does = words; this.play.replaceChildren(K.icon(words.toLowerCase())); this.play.setAttribute("aria-label", words); this.play.title = `${words} (Space)`; }
    K.write(this.clock, `${clock((frame / look.fps), 2)} · frame ${frame} of ${this.playback.frames - 1}`);
    const doubts = this.doubts().length;
    this.doubtful.before.hidden = this.doubtful.next.hidden = !this.known;
    this.doubtful.before.disabled = this.doubtful.next.disabled = !doubts;
    K.write(this.doubtful.next.lastChild, doubts ? `Next doubtful (${doubts})` : "None doubtful");
    this.drawFollow();
    const own = subject && saysSomething(model.marks(subject, frame)), edit = subject?.keyframes[frame];
    this.fixes.gone.disabled = !subject || frame === subject.frame;
    this.fixes.gone.setAttribute("aria-pressed", String(Boolean(edit?.gone)));
    this.fixes.hide.disabled = !subject;
    this.fixes.hide.setAttribute("aria-pressed", String(this.hiding !== null));
    K.write(this.fixes.hide.lastChild, this.hiding === null ? "Hide from here" : `Hide frames ${Math.min(this.hiding, frame)} to ${Math.max(this.hiding, frame)}`);
    this.fixes.unmark.disabled = !own;
    K.write(this.fixes.unmark.lastChild, edit ? "Remove this key frame" : "Unmark this frame");
    this.drawRanges(subject);
    this.drawEvents();
    this.drawLanes();
    this.paint();
  }

  drawOffers() {
    const offered = this.proposals.map((_, index) => index).filter((index) => this.offered(index)), print = `${offered} ${this.look.frames}`;
    this.offers.hidden = !offered.length || this.model.list.length >= this.props.limits.subjects;
    if (this.offers.dataset.print === print) return;
    this.offers.dataset.print = print;
    this.offers.replaceChildren(K.el("span", { class: "kin-muted" }, "Proposed:"), ...offered.map((index) => {
      const node = K.button(capital(this.proposals[index].sentence), () => this.propose(index), { name: "plus", text: true });
      node.addEventListener("pointerenter", () => { this.hovered = index; this.paint(); });
      node.addEventListener("pointerleave", () => { this.hovered = -1; this.paint(); });
      return node;
    }));
  }

  /** What is known of a subject on the frame in sight: a few words, whether it is doubtful, and what was understood. */
  stateOf(subject) {
    const told = this.told.get(subject.id), entry = this.frames.get(this.frame), here = entry?.subjects[entry.ids.indexOf(subject.id)];
    const understood = told?.error ?? [told?.said, ...(told?.notes ?? [])].filter(Boolean).join(" ");
    if (told?.error) return { status: "not found", doubt: true, said: understood };
    if (!here || here.source === "none") return { status: this.frame === subject.frame || this.known ? "" : "not followed yet", doubt: false, said: understood };
    const doubtful = here.source !== "marks" && this.doubts().some((one) => one.id === subject.id && one.frame === this.frame);
    return { status: here.present ? `${percent(here.confidence)} sure` : "not here", doubt: doubtful, said: understood };
  }

  drawFollow() {
    const { errand } = this, asked = this.tracks && this.tracksPrint === this.spelled(this.value()), spans = asked ? merged(this.stale) : [], done = asked && this.known && !spans.length;
    this.followButton.disabled = Boolean(errand) || done || !this.model.list.length;
    const part = spans.length && this.known && !(spans.length === 1 && spans[0][0] === 0 && spans[0][1] >= this.playback.frames - 1);
    const words = done ? "Followed" : part ? `Follow again: ${spans.length > 2 ? `${spans.length} spans` : `frames ${spans.map(([a, b]) => `${a}–${b}`).join(", ")}`} only` : "Follow through the clip";
    if (this.followButton.dataset.does !== words) { this.followButton.dataset.does = words; this.followButton.lastChild.textContent = words; this.followButton.setAttribute("aria-label", words); this.followButton.title = words; this.followButton.replaceChild(K.icon(done ? "check" : "send"), this.followButton.firstChild); }
    this.following.hidden = !errand;
    if (errand) { this.progress.style.width = percent(errand.share).replace(" ", ""); K.write(this.progressWords, errand.words); }
  }

  drawRanges(subject) {
    const hidden = subject?.hidden ?? [], print = JSON.stringify([subject?.id, hidden]);
    this.ranges.hidden = !hidden.length;
    if (this.ranges.dataset.print === print) return;
    this.ranges.dataset.print = print;
    this.ranges.replaceChildren(K.el("span", { class: "kin-muted" }, "Hidden:"), ...hidden.map(([first, last], index) => {
      const node = K.button(`Show frames ${first} to ${last} again`, () => this.showAgain(index), { name: "close", text: true });
      node.lastChild.textContent = `${first}–${last}`;
      return node;
    }));
  }

  /** What happened to the subjects, in words: a press goes there. */
  drawEvents() {
    const { model, tracks } = this, all = (tracks?.subjects ?? []).flatMap((one, at) => (one.events ?? []).map((event) => ({ ...event, id: this.trackedIds?.[at], known: this.knownOf(one) })))
      .filter(({ id, kind, known }) => kind in HAPPENED && known && model.list.some((one) => one.id === id)).sort((a, b) => a.frame - b.frame).slice(0, 12);
    const print = JSON.stringify([all, model.list.map((one) => one.name)]);
    this.events.hidden = !all.length;
    if (this.events.dataset.print === print) return;
    this.events.dataset.print = print;
    this.events.replaceChildren(...all.map(({ frame, kind, said, id }) => {
      const index = model.list.findIndex((one) => one.id === id), name = called(model.list[index], index, model.list.length), words = said ? `${model.list.length > 1 ? `${name}, ` : ""}${said}` : `${name} ${HAPPENED[kind]}`;
      const node = K.button(`Frame ${frame}: ${words}`, () => { this.select(id); this.playback.pause(); this.seek(frame); }, { text: true });
      node.style.setProperty("--su-colour", this.colourOf(index));
      return node;
    }));
  }

  drawLanes() {
    const { look, model, tracks, frame } = this;
    if (!look) return;
    const lanes = model.list.map((one, index) => {
      const at = this.trackedIds?.indexOf(one.id) ?? -1, known = at >= 0 ? tracks?.subjects?.[at] : null;
      const keys = [{ frame: one.frame, gone: false }, ...Object.entries(one.keyframes).map(([number, edit]) => ({ frame: Number(number), gone: Boolean(edit.gone) }))];
      return {
        id: one.id, name: called(one, index, model.list.length), colour: this.colourOf(index), on: one.id === model.selected, keys, hidden: one.hidden,
        confidence: known?.confidence?.length ? known.confidence : null, doubtful: known?.doubtful ?? [], stale: this.known ? known?.stale ?? [] : [],
        hiding: one.id === model.selected && this.hiding !== null ? [Math.min(this.hiding, frame), Math.max(this.hiding, frame)] : null,
      };
    });
    this.closer.out.hidden = this.closer.in.hidden = this.playback.frames < 40;
    this.closer.out.disabled = this.lanes.zoom <= 1;
    this.lanes.draw({ frames: this.playback.frames, fps: look.fps, frame, shots: tracks?.shots ?? look.shots ?? [], lanes });
    if (this.playback.playing) this.lanes.reveal();
  }

  /** The picture alone: while a hand moves, nothing else needs to be drawn. */
  paint() {
    const { look, model, frame, stage } = this;
    if (!look) return;
    stage.layout(this.root.clientWidth - 24, look.width / look.height);
    const entry = this.frames.get(frame), index = model.index;
    const proposals = this.proposing ? this.proposals.map((one, at) => ({ ...one, at, on: at === this.hovered })).filter(({ at }) => this.offered(at)) : [];
    const marks = model.list.map((one, at) => ({ marks: model.marks(one, frame), colour: this.colourOf(at), on: at === index })).filter(({ marks: found }) => found);
    stage.draw({ image: entry?.image ?? (frame === 0 ? this.first : this.lastImage), entry: entry && this.knows(entry) ? entry : null, video: this.playback.video, look: this.seeing, opacity: this.opacity, colours: this.colours, selected: model.selected, marks, proposals });
    if (entry) this.lastImage = entry.image;
    stage.canvas.dataset.tool = this.tool;
    stage.canvas.setAttribute("aria-label", `The picture of frame ${frame}. Enter brings a cursor that marks without a mouse`);
  }

  /** Masks that are a little old are shown until the new ones come, but never those of another list. */
  knows(entry) { return entry.ids.some((id) => this.model.list.some((one) => one.id === id)); }
};

/** Ranges in order, joined where they touch. */
function merged(ranges) {
  const joined = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (joined.length && first <= joined.at(-1)[1] + 1) joined.at(-1)[1] = Math.max(joined.at(-1)[1], last);
    else joined.push([first, last]);
  }
  return joined;
}
