// The expressions over the voice: spans that never overlap, on a grid of 0.05 s. Holds no DOM. Spans are never changed in place: every change makes new ones.

const K = window.kinora;
const SNAP = 0.05, SHORTEST = 0.1, STRONGEST = 1.5, LONG = 1;
const KINDS = { talk: "Talk", smile: "Smile", laugh: "Laugh", sad: "Sad", neutral: "Neutral" };

const hundredths = (value) => Math.round(value * 100) / 100;
const snap = (seconds) => hundredths(Math.round(seconds / SNAP) * SNAP);
const spanSaid = (span) => `${KINDS[span.kind]}, ${span.start} to ${span.end} s, strength ${Math.round(span.strength * 100)} %`;

class Spans extends History {
  constructor() {
    super([]);
    Object.assign(this, { selected: null, seconds: 0, next: 1 });
  }

  get list() { return this.state; }

  get span() { return this.list.find((one) => one.id === this.selected) ?? null; }

  /** Spans from elsewhere: what does not fit the voice is cut. No step of the history. */
  load(given, seconds) {
    this.restart(given.map((span) => this.whole(span)).sort((a, b) => a.start - b.start));
    this.selected = null;
    this.fit(seconds);
  }

  whole({ start, end, kind, strength }) { return { id: this.next++, start: Number(start), end: Number(end), kind: kind in KINDS ? kind : "smile", strength: Number(strength ?? 1) }; }

  /** The voice has this length now. True when a span had to be cut or taken away. */
  fit(seconds) {
    this.seconds = Math.floor(seconds * 100) / 100;
    const inside = this.list.filter((span) => span.start <= this.seconds - SHORTEST).map((span) => (span.end > this.seconds ? { ...span, end: this.seconds } : span));
    const cut = inside.length < this.list.length || inside.some((span, index) => span !== this.list[index]);
    if (cut && this.seconds > 0) this.state = inside;
    return cut && this.seconds > 0;
  }

  plain() { return this.list.map(({ start, end, kind, strength }) => ({ start, end, kind, strength })); }

  /** How far the span may reach: to its neighbours, or to the ends of the voice. */
  room(span) {
    const at = this.list.indexOf(span);
    return [at > 0 ? this.list[at - 1].end : 0, at < this.list.length - 1 ? this.list[at + 1].start : this.seconds];
  }

  /** The free stretch that holds a moment, or null where a span lies. */
  gap(at) {
    if (this.list.some((span) => span.start <= at && at < span.end)) return null;
    const low = Math.max(0, ...this.list.filter((span) => span.end <= at).map((span) => span.end)), high = Math.min(this.seconds, ...this.list.filter((span) => span.start > at).map((span) => span.start));
    return high - low >= SHORTEST - 1e-6 ? [low, high] : null;
  }

  /** The parts of [start, end] that no span covers. */
  free(start, end) {
    const parts = [];
    let from = start;
    for (const span of this.list) {
      if (span.end <= from || span.start >= end) continue;
      if (span.start - from >= SHORTEST) parts.push([from, span.start]);
      from = span.end;
    }
    if (end - from >= SHORTEST) parts.push([from, end]);
    return parts;
  }

  // ---- changes: each gives true when something changed -------------------------------------------------------------

  add(at, kind) {
    const gap = this.gap(Math.min(at, this.seconds - SHORTEST));
    if (!gap) return false;
    const start = clamp(snap(Math.min(at, gap[1] - LONG)), gap[0], gap[1] - SHORTEST);
    return this.put({ start: hundredths(start), end: hundredths(Math.min(gap[1], start + LONG)), kind, strength: 1 });
  }

  put(given) {
    const span = this.whole(given);
    return this.change([...this.list, span].sort((a, b) => a.start - b.start), span.id);
  }

  move(span, start) {
    const [low, high] = this.room(span), length = span.end - span.start, at = clamp(snap(start), low, high - length);
    return this.replace(span, { start: hundredths(at), end: hundredths(at + length) });
  }

  stretch(span, edge, at) {
    const [low, high] = this.room(span);
    return this.replace(span, edge === "start" ? { start: hundredths(clamp(snap(at), low, span.end - SHORTEST)) } : { end: hundredths(clamp(snap(at), span.start + SHORTEST, high)) });
  }

  weaken(span, strength) { return this.replace(span, { strength: clamp(snap(strength), 0, STRONGEST) }); }

  kind(span, kind) { return this.replace(span, { kind }); }

  remove(span) {
    const at = this.list.indexOf(span), rest = this.list.filter((one) => one !== span);
    return this.change(rest, (rest[at] ?? rest[at - 1])?.id ?? null);
  }

  replace(span, change) {
    const now = this.list.find((one) => one.id === span.id);
    if (!now || Object.entries(change).every(([name, value]) => now[name] === value)) return false;
    return this.change(this.list.map((one) => (one === now ? { ...one, ...change } : one)), span.id);
  }

  change(list, selected) {
    this.selected = selected;
    return super.change(list);
  }

  travel(from, to) {
    const went = super.travel(from, to);
    if (!this.span) this.selected = null;
    return went;
  }
}
