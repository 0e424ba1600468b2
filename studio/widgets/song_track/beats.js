// The beats in the hand: twice, half, tapped, earlier, later, where a bar starts, and one beat dragged along the row under the ruler.

const GRAB_PX = 8, NEW_TAPS_AFTER = 3;
const METERS = [2, 3, 4, 5, 6, 7];

class Beats {
  /** acts: changed(), listens() while taps come, say(line), play(), time() of the cursor, playing(), scale() in pixels a second, left() in pixels, draw(). */
  constructor(plan, acts) {
    Object.assign(this, { plan, acts, look: null, taps: [], held: null, life: null });
    const far = (event) => (event.shiftKey ? FAR_NUDGE : NUDGE);
    this.half = worded("÷ 2", "Half as many beats", () => this.correct(Grid.times(plan.grid, 0.5), "Half as many beats."));
    this.twice = worded("× 2", "Twice as many beats", () => this.correct(Grid.times(plan.grid, 2), "Twice as many beats."));
    this.tapper = worded("Tap", "Tap along with the music (T)", (event) => { if (!event.detail) this.tap(); });
    this.tapper.addEventListener("pointerdown", (event) => { if (event.button <= 0) this.tap(); }); // a click comes a moment too late
    this.tapped = K.el("b", { class: "so-taps", "aria-hidden": "true" });
    this.tapper.append(this.tapped);
    this.earlier = worded("◂ Earlier", "All beats 10 ms earlier; with Shift 50 ms", (event) => this.nudge(-far(event)));
    this.later = worded("Later ▸", "All beats 10 ms later; with Shift 50 ms", (event) => this.nudge(far(event)));
    this.bar = worded("Bar starts here", "A bar starts at the beat nearest to the cursor", () => this.startBar());
    this.here = worded("Beat here", "The nearest beat moves to the cursor", () => this.beatHere());
    this.meter = K.el("select", { class: "kin-input", "aria-label": "Beats of a bar" });
    this.meter.addEventListener("change", () => this.correct(Grid.meter(plan.grid, Number(this.meter.value) || null), ""));
    this.reset = worded("Reset", "As the studio heard the beats", () => this.correct(Grid.plain({}), "The beats are as they were heard."), "restore");
    this.root = K.el("div", { class: "so-beats", role: "group", "aria-label": "Put the beats right" }, K.el("span", { class: "kin-muted" }, "Beats"),
      this.half, this.twice, this.tapper, this.earlier, this.later, this.bar, this.here, this.meter, this.reset);
    this.row = K.el("div", { class: "so-beatrow", title: "Drag a beat", style: `top:${RULER}px;height:${BEAT_ROW}px` });
    this.row.addEventListener("pointerdown", (event) => this.grab(event));
    this.row.addEventListener("pointermove", (event) => { if (!this.held) this.row.style.cursor = this.under(event) === null ? "text" : "ew-resize"; });
  }

  correct(grid, said) {
    if (grid === null) { this.acts.say("That is as far as it goes.", "warn"); return; }
    if (!this.plan.correct(grid)) return;
    this.acts.changed();
    if (said) this.acts.say(said);
  }

  nudge(by) { this.correct(Grid.nudge(this.plan.grid, by), `All beats ${Math.abs(Math.round(by * 1000))} ms ${by < 0 ? "earlier" : "later"}.`); }

  /** The beat nearest to the cursor, or null. */
  near() {
    const beats = this.look?.beats ?? [], at = nearest(beats, this.acts.time());
    return at < 0 ? null : beats[at];
  }

  startBar() {
    const beat = this.near();
    if (beat !== null) this.correct(Grid.bar(this.plan.grid, beat), `A bar starts at ${clock(beat, 2)}.`);
  }

  beatHere() {
    const beat = this.near();
    if (beat !== null) this.drop(beat, this.acts.time());
  }

  // ---- tapping -----------------------------------------------------------------------------------------------------

  /** From four taps on the beats follow; a pause begins anew. All taps in a row are one step of the history. */
  tap() {
    const { plan, acts } = this, at = acts.time();
    if (!this.look) return;
    if (!acts.playing()) { acts.play(); acts.say("It plays: tap with each beat, or press T."); return; }
    const last = this.taps.at(-1);
    if (last !== undefined && (at - last > NEW_TAPS_AFTER || at <= last)) this.endTaps();
    this.taps.push(millis(at));
    if (this.taps.length >= FEWEST_TAPS) {
      plan.begin();
      plan.correct(Grid.through(plan.grid, this.taps));
      acts.listens();
    }
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.endTaps(), NEW_TAPS_AFTER * 1000);
    const { length } = this.taps;
    acts.say(length < FEWEST_TAPS ? `${plural(length, "tap")}: ${FEWEST_TAPS - length} more.` : `${plural(length, "tap")}: the beats follow.`);
    this.draw();
  }

  endTaps() {
    clearTimeout(this.pause);
    const enough = this.taps.length >= FEWEST_TAPS;
    this.taps = [];
    if (enough) { this.plan.end(); this.acts.changed(); }
    this.draw();
  }

  // ---- one beat in the hand ----------------------------------------------------------------------------------------

  /** The beat under the pointer, or null. */
  under(event) {
    const beats = this.look?.beats ?? [], scale = this.acts.scale(), at = (event.clientX - this.row.getBoundingClientRect().left) / scale, index = nearest(beats, at);
    return index >= 0 && Math.abs(beats[index] - at) * scale <= (event.pointerType === "touch" ? 2 * GRAB_PX : GRAB_PX) ? beats[index] : null;
  }

  grab(event) {
    const from = this.under(event), x = event.clientX, life = new AbortController(), { signal } = life;
    if (event.button > 0 || from === null || this.held) return;
    event.preventDefault();
    event.stopPropagation();
    this.row.setPointerCapture(event.pointerId);
    this.life = life;
    const stop = (keep) => {
      const { held } = this;
      life.abort();
      this.held = null;
      if (keep && Math.abs(held.to - from) > 0.002) this.drop(from, held.to);
      else this.acts.draw();
    };
    this.held = { from, to: from };
    this.row.addEventListener("pointermove", (move) => { this.held = { from, to: this.between(from, from + (move.clientX - x) / this.acts.scale()) }; this.acts.draw(); }, { signal });
    this.row.addEventListener("pointerup", () => stop(true), { signal });
    this.row.addEventListener("pointercancel", () => stop(false), { signal });
    window.addEventListener("keydown", (key) => { if (key.key === "Escape") { key.stopPropagation(); stop(false); } }, { signal, capture: true });
  }

  /** A beat stays between its neighbours. */
  between(beat, to) {
    const { beats, seconds } = this.look, gap = 0.03;
    return clamp(to, (beyond(beats, beat, -1) ?? -gap) + gap, (beyond(beats, beat, 1) ?? seconds + gap) - gap);
  }

  drop(from, to) {
    const at = this.between(from, to);
    this.correct(Grid.move(this.plan.grid, from, at), `The beat at ${clock(from, 2)} stands at ${clock(at, 2)}.`);
    this.acts.draw();
  }

  draw() {
    const { grid } = this.plan, { look } = this, none = !look?.beats.length, heard = look?.meter ?? 4;
    this.half.disabled = none || Grid.times(grid, 0.5) === null;
    this.twice.disabled = none || Grid.times(grid, 2) === null;
    for (const node of [this.earlier, this.later, this.bar, this.here]) node.disabled = none;
    this.reset.disabled = Grid.untouched(grid);
    K.write(this.tapped, this.taps.length ? String(this.taps.length) : "");
    const meters = [...new Set([...METERS, heard, grid.meter ?? heard])].sort((a, b) => a - b), print = meters.join();
    if (this.meter.dataset.print !== print) {
      this.meter.dataset.print = print;
      this.meter.replaceChildren(...meters.map((beats) => K.el("option", { value: String(beats) }, `${beats}/4`)));
    }
    this.meter.value = String(grid.meter ?? heard);
  }

  stop() {
    clearTimeout(this.pause);
    this.life?.abort();
  }
}
