// What a hand changes of the subjects: marks on the frame in sight, words, names, hidden ranges; and the mask that the studio cuts after each of it.

const Marking = (Base) => class extends Base {
  choose(tool) {
    this.tool = tool;
    this.marker.abandon();
    this.draw();
  }

  setRadius(value) {
    this.radius = Math.round(clamp(value, 0.003, 0.12) * 1e4) / 1e4;
    this.draw();
  }

  select(id) {
    if (this.model.selected === id) return;
    this.model.selected = id;
    this.hiding = null;
    this.explain();
    this.draw();
  }

  /** What was understood of the chosen subject's words is asked for when nobody said it yet. */
  explain() {
    const { subject } = this.model;
    if (subject?.words && !this.told.has(subject.id)) this.cut(subject, subject.frame);
  }

  /** The next mark begins another subject. */
  begin() {
    this.model.selected = null;
    this.say("Mark the next one: click it, box it, or tap a proposal.");
    this.stage.canvas.focus({ preventScroll: true });
    this.draw();
  }

  // ---- marks -------------------------------------------------------------------------------------------------------

  tap(at, avoid) {
    const proposal = !avoid && !this.model.subject ? this.proposalAt(at) : -1;
    if (proposal >= 0) { this.propose(proposal); return; }
    this.mark((marks) => (avoid ? { avoid: [...(marks.avoid ?? []), at] } : { points: [...(marks.points ?? []), at], gone: false }), avoid);
  }

  boxed(box) {
    if (box[2] - box[0] < 0.004 || box[3] - box[1] < 0.004) return;
    this.mark(() => ({ box, gone: false }), false);
  }

  stroked(stroke, erase) {
    this.mark((marks) => (erase ? { erase: [...(marks.erase ?? []), stroke] } : { scribble: [...(marks.scribble ?? []), stroke], gone: false }), erase);
  }

  /** A mark on the frame in sight, of the chosen subject or of a new one. taking: the mark takes something away. */
  mark(change, taking) {
    const { model, frame } = this;
    if (!model.subject && taking) { this.say("Choose whose mask is too large, then mark what does not belong to it.", "warn"); return; }
    if (!model.subject && model.list.length >= this.props.limits.subjects) { this.say(`${this.props.limits.subjects} subjects are the most.`, "warn"); return; }
    this.say("");
    model.begin();
    if (!model.subject) model.add({ frame });
    const { id } = model.subject;
    model.mark(id, frame, (marks) => { const { gone, ...rest } = change(marks); return frame === model.subject.frame ? rest : { ...rest, ...(gone === undefined ? {} : { gone }) }; });
    model.end();
    this.changed(true, { cut: id });
  }

  /** A proposal becomes a subject: its box, and the place that lies deepest in it. */
  propose(index) {
    const { box, sentence, mask } = this.proposals[index], { model } = this;
    if (model.list.length >= this.props.limits.subjects) return;
    this.say("");
    const one = model.add({ name: nameOf(sentence), box: box.map(place), points: [deepest(mask)], frame: 0 });
    this.seek(0);
    this.changed(true, { cut: one.id });
  }

  proposalAt([x, y]) {
    if (!this.proposing) return -1;
    return this.proposals.findIndex(({ mask: { pixels, width, height } }, index) => this.offered(index) && pixels[Math.min(height - 1, Math.floor(y * height)) * width + Math.min(width - 1, Math.floor(x * width))] > 127);
  }

  /** Proposals are shown on the first frame; one that a subject has taken is no longer offered. */
  get proposing() { return this.frame === 0 && !this.playback.playing && this.seeing === "overlay" && this.proposals.length > 0; }

  offered(index) {
    const { mask, box } = this.proposals[index], entry = this.frames.get(0);
    if (this.model.list.some((one) => one.box && overlap(one.box, box) > 0.9)) return false;
    if (!entry?.labels || entry.width !== mask.width || entry.height !== mask.height) return true;
    let own = 0, taken = 0;
    for (let at = 0; at < mask.pixels.length; at += 7) if (mask.pixels[at] > 127) { own += 1; if (entry.labels[at] && this.model.list.some((one) => one.id === entry.ids[entry.labels[at] - 1])) taken += 1; }
    return taken < 0.5 * own;
  }

  hover(at) {
    const over = at && this.look && !this.model.subject ? this.proposalAt(at) : -1;
    if (over === this.hovered) return;
    this.hovered = over;
    this.paint();
  }

  unmark() {
    const { model, frame } = this;
    if (!model.subject || !saysSomething(model.marks(model.subject, frame))) return;
    model.unmark(model.selected, frame);
    this.changed(true, { cut: frame === model.subject.frame ? model.selected : null });
  }

  gone() {
    const { model, frame } = this, { subject } = model;
    if (!subject) return;
    if (frame === subject.frame) { this.say("On the frame where it is marked it is there; go to a later one.", "warn"); return; }
    model.mark(subject.id, frame, (marks) => ({ gone: !marks.gone }));
    this.changed(true);
  }

  /** The first press begins a range without a mask, the second ends it. */
  hide() {
    const { model, frame } = this;
    if (!model.subject) return;
    if (this.hiding === null) { this.hiding = frame; this.say("Go to the last frame of the hidden range, then press Hide again. Escape gives up."); this.draw(); return; }
    model.hide(model.selected, this.hiding, frame);
    this.hiding = null;
    this.say("");
    this.changed(true);
  }

  showAgain(index) {
    const { subject } = this.model;
    this.model.put(subject.id, { hidden: subject.hidden.filter((_, at) => at !== index) });
    this.changed(true);
  }

  // ---- names and words ---------------------------------------------------------------------------------------------

  addWords(words) {
    const one = this.model.add({ words, frame: this.frame });
    this.changed(true, { cut: one.id });
  }

  /** Letters that follow each other are one step of the history. */
  edit(id, change, done, asks = false) {
    const { model } = this;
    if (!done) { model.begin(); model.put(id, change); }
    else model.end();
    if (!asks) { this.tell(); this.draw(); return; }
    this.changed(done, { cut: id, after: done ? 0 : TYPING_MS });
  }

  remove(id) {
    this.model.remove(id);
    this.told.delete(id);
    this.say("");
    this.changed(true);
  }

  travel(way) {
    this.model.end();
    if (!this.model[way]()) return;
    const range = JSON.stringify([this.model.state.start, this.model.state.end]), before = this.look && JSON.stringify([this.lookedStart, this.lookedEnd]);
    this.changed(true);
    if (range !== before) this.ask();
  }

  // ---- what follows from a change ----------------------------------------------------------------------------------

  followPrint() { this.frames.follow(`${this.version} ${JSON.stringify(this.model.list.map(({ name, ...one }) => plainSubject(one)))} ${this.model.list.map((one) => one.id)}`, this.model.list.map((one) => one.id)); }

  /** The subjects are others now: Python is told, the mask of the one that was marked is cut, and the frame's other masks are asked anew. */
  changed(done, { tell = true, cut = null, after = 0 } = {}) {
    Object.assign(this, { lookedStart: this.model.state.start, lookedEnd: this.model.state.end });
    this.followPrint();
    if (tell) this.tell();
    const subject = this.model.list.find((one) => one.id === cut);
    if (subject) this.cut(subject, this.frame, after);
    else if (this.look) this.frames.want(this.frame, { last: this.playback.frames - 1 });
    if (!this.model.list.length) this.tracks = null;
    this.askTracks(after || SETTLE_MS);
    this.draw();
  }

  cut(subject, frame, after = 0) {
    if (!this.look || !this.cutter.read) return;
    const index = this.model.list.findIndex((one) => one.id === subject.id);
    this.cutter.ask({ ...this.question(), index, frame, id: subject.id, print: this.frames.print, ids: this.frames.ids }, after);
  }

  async cutCame(answer, { id, frame, print, ids }, last) {
    const subject = this.model.list.find((one) => one.id === id);
    if (!subject) return;
    if (answer.error) {
      const known = this.frames.get(frame);
      this.told.set(id, { error: String(answer.error) });
      if (known && last && print === this.frames.print) this.frames.lay(frame, id, { ...known, pixels: new Uint8Array(known.width * known.height) }, print, ids, { present: false, confidence: 0, source: "none" });
      this.draw();
      return;
    }
    this.told.set(id, { said: answer.said ?? "", notes: answer.notes ?? [], confidence: answer.confidence });
    const mask = await greys(answer.mask).catch(() => null);
    if (mask && last && print === this.frames.print) this.frames.lay(frame, id, mask, print, ids, { present: answer.area > 0, confidence: answer.confidence, source: "marks" });
    if (last) this.frames.want(this.frame, { last: this.playback.frames - 1 });
    this.draw();
  }
};

/** Share of two boxes' common area in their whole. */
function overlap(a, b) {
  const common = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  return common / Math.max(1e-9, area(a) + area(b) - common);
}

/** The place of a mask that is farthest from its border, by the city-block distance. */
function deepest({ pixels, width, height }) {
  const far = new Int32Array(width * height);
  let best = 0;
  for (let y = 0, at = 0; y < height; y += 1) for (let x = 0; x < width; x += 1, at += 1) far[at] = pixels[at] > 127 ? 1 + (x && y ? Math.min(far[at - 1], far[at - width]) : 0) : 0;
  for (let y = height - 1, at = width * height - 1; y >= 0; y -= 1) for (let x = width - 1; x >= 0; x -= 1, at -= 1) {
    if (far[at]) far[at] = Math.min(far[at], 1 + (x < width - 1 && y < height - 1 ? Math.min(far[at + 1], far[at + width]) : 0));
    if (far[at] > far[best]) best = at;
  }
  return spot([((best % width) + 0.5) / width, (Math.floor(best / width) + 0.5) / height]);
}
