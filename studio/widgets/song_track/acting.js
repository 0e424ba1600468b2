// What is done with the intervals: chosen, moved from bar to bar, worded, given other pictures, split, joined, planned again, previewed.

const TYPING_MS = 700, FREE_STEP = 0.1;

/** What the widget can do with its plan; it has `plan`, `look`, `stills`, `lane`, `player`, `theme`, `ask`, `tell`, `draw` and `say`. */
const Acting = (Base) => class extends Base {
  changed(done) {
    if (done && this.plan.grid !== this.asked) this.ask(120);
    if (done) this.tell();
    this.draw();
    if (done) this.wantStills(300);
  }

  select(id) {
    if (this.plan.selected === id) return;
    this.plan.selected = id;
    this.draw();
    this.wantStills();
  }

  /** From bar to bar, fine: from beat to beat; without beats in tenths of a second. */
  ladder(fine) {
    const { beats, downbeats } = this.look;
    return fine ? beats : downbeats.length > 1 ? downbeats : beats;
  }

  snap(at, fine) {
    const marks = this.ladder(fine), index = nearest(marks, at);
    return marks.length > 1 ? marks[index] : Math.round(at / FREE_STEP) * FREE_STEP;
  }

  step(at, way, fine) {
    const marks = this.ladder(fine);
    return marks.length > 1 ? beyond(marks, at, way) ?? at : at + way * FREE_STEP;
  }

  put(change, done) {
    this.plan.put(this.plan.selected, change);
    this.changed(done);
  }

  /** A prompt while it is typed is one step. */
  prompt(end, text, done) {
    if (!done) this.plan.begin();
    this.plan.put(this.plan.selected, { [`${end}_prompt`]: text });
    if (done) this.plan.end();
    clearTimeout(this.typing);
    this.tell();
    this.draw();
    this.wantStills(done ? 0 : TYPING_MS);
  }

  slots() { return ends(this.plan.list, this.theme); }

  slotOf({ piece, end }) { return this.slots()[this.plan.list.findIndex((one) => one.id === piece)]?.[end] ?? null; }

  /** Where a slot's picture is decided: a start that continues is the end of the interval before. */
  home({ piece, end }) {
    const index = this.plan.list.findIndex((one) => one.id === piece), slots = this.slots();
    if (end !== "start" || !slots[index]?.start?.chained) return { piece, end };
    const before = this.plan.list[index - 1];
    return { piece: before.id, end: before.pattern === "freeze" ? "start" : "end" };
  }

  roll(ref) {
    const home = this.home(ref);
    if (home.end === "start" && home.piece !== ref.piece && this.slotOf(home).chained) { this.roll(home); return; }
    this.plan.put(home.piece, { [`${home.end}_seed`]: crypto.getRandomValues(new Uint32Array(1))[0] });
    if (home.piece !== ref.piece) this.say("Another picture: the interval before ends with it, too.");
    this.changed(true);
    this.wantStills();
  }

  copy(from, to) {
    const slot = this.slotOf(from), seed = slot && this.stills.seed(slot);
    if (!slot || seed === undefined) return;
    this.plan.put(to.piece, { [`${to.end}_prompt`]: slot.prompt, [`${to.end}_seed`]: seed, picture: null, clip: null });
    this.say("The picture is copied, words and all.");
    this.changed(true);
  }

  async loadPicture(file) {
    if (!this.plan.piece) { this.load(file); return; }
    const { selected, serial } = { selected: this.plan.selected, serial: this.serial }, name = kindOf(file) === "video" ? "clip" : "picture";
    this.say(`Loading ${file.name}…`);
    try {
      const kept = await storeFile(this.upload, file);
      if (serial !== this.serial) return;
      this.plan.put(selected, { picture: null, clip: null, [name]: kept });
      this.say("");
      this.changed(true);
    } catch { this.say(`“${file.name}” did not reach the studio: check its size and the connection, then load it again.`, "error"); }
  }

  split() {
    if (this.plan.split(this.snap(this.player.time, true))) { this.changed(true); this.lane.focus(); this.say(`Interval ${this.plan.index + 1} begins here.`); } else this.say("Too close to an edge: move the cursor into an interval.", "warn");
  }

  join() {
    if (this.plan.join(this.plan.selected)) { this.changed(true); this.lane.focus(); this.say("Joined with the next one."); }
  }

  remove() {
    if (this.plan.remove(this.plan.selected, this.theme)) { this.changed(true); this.lane.focus(); this.say("Deleted."); }
  }

  again() {
    if (this.plan.again()) { this.changed(true); this.say("The plan follows the song and the theme again. Undo brings yours back."); }
  }

  /** The part that a preview shows: from the cursor where it stands in the interval, else from its start. */
  part() {
    const { piece } = this.plan, { time } = this.player, inside = piece && time > piece.start && time < piece.end - 1, from = inside ? Math.floor(time * 100) / 100 : piece?.start ?? 0;
    return [from, Math.min(piece?.end ?? from + EXCERPT, from + EXCERPT)];
  }

  preview() {
    const [start, end] = this.part();
    if (!this.plan.piece || !this.look) return;
    this.tell();
    this.trigger("excerpt", { start: millis(start), end: millis(end), owner: K.owner() });
    this.say(`A preview from ${clock(start, 1)} to ${clock(end, 1)} is on its way.`);
  }

  travel(way) {
    this.beats.endTaps();
    this.plan.end();
    if (!this.plan[way]()) return;
    this.changed(true);
    this.say(way === "undo" ? "Undone." : "Done again.");
  }

  laneKey(event) {
    const { plan } = this, way = { ArrowLeft: -1, ArrowRight: 1 }[event.key], letter = event.key.toLowerCase();
    let done = true;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (way) { this.select(plan.list[clamp(plan.index + way, 0, plan.list.length - 1)].id); this.reveal(plan.piece.start); this.lane.focus(); }
    else if (event.key === "Home" || event.key === "End") { this.select(plan.list.at(event.key === "Home" ? 0 : -1).id); this.lane.focus(); }
    else if (event.key === "Enter") this.preview();
    else if (event.key === "Delete" || event.key === "Backspace") this.remove();
    else if (letter === "s") this.split();
    else if (letter === "j") this.join();
    else done = false;
    if (done) { event.preventDefault(); event.stopPropagation(); }
  }
};
