// The intervals over a song and the corrections of its beats, with one history for both. Holds no DOM.
// Until something is changed the intervals are a proposal; the first change makes all of them the user's own.

const SHORTEST = 0.25, TOUCH = 0.002;
const BLANK = { start_prompt: "", end_prompt: "", start_seed: null, end_seed: null, pattern: "transition", driver: "percussive", target: "progress", strength: 1, picture: null, clip: null };

class Plan extends History {
  constructor() {
    super({ grid: Grid.plain({}), own: [] });
    Object.assign(this, { proposal: [], selected: null, seconds: 0, next: 1 });
  }

  get grid() { return this.state.grid; }

  get owned() { return this.state.own.length > 0; }

  get list() { return this.owned ? this.state.own : this.proposal; }

  get index() { return this.list.findIndex((one) => one.id === this.selected); }

  get piece() { return this.list[this.index] ?? this.list[0] ?? null; }

  /** A value from elsewhere. No step of the history. */
  load(grid, intervals) {
    this.restart({ grid: Grid.plain(grid ?? {}), own: intervals.map((one) => this.whole(one)) });
    this.selected = this.list[0]?.id ?? null;
  }

  whole(given, id = this.next++) { return { ...BLANK, ...given, id }; }

  /** What the studio proposes; pieces keep their identity by place, so that the selection stays. */
  propose(intervals) {
    const { index, owned } = this;
    this.proposal = intervals.map((one, at) => this.whole(one, this.proposal[at]?.id));
    if (!owned && (index < 0 || !this.piece)) this.selected = this.list[Math.max(0, Math.min(index, this.list.length - 1))]?.id ?? null;
  }

  plain() { return this.state.own.map(({ id, ...one }) => one); }

  at(time) { return this.list.find((one) => one.start <= time && time < one.end) ?? null; }

  // ---- changes: each gives true when something changed -------------------------------------------------------------

  correct(grid) { return grid !== null && grid !== this.grid && this.change({ ...this.state, grid }); }

  put(id, change) {
    const now = this.list.find((one) => one.id === id);
    if (!now || Object.entries(change).every(([name, value]) => JSON.stringify(now[name]) === JSON.stringify(value))) return false;
    return this.change({ ...this.state, own: this.list.map((one) => (one === now ? { ...one, ...change } : one)) });
  }

  /** What the studio chose where nothing was said: kept, but no step that can be undone. */
  settle(id, change) { this.state = { ...this.state, own: this.state.own.map((one) => (one.id === id ? { ...one, ...change } : one)) }; }

  /** The neighbour that touches a piece's edge, or null. */
  beside(piece, edge) {
    const other = this.list[this.list.indexOf(piece) + (edge === "start" ? -1 : 1)];
    return other && Math.abs(edge === "start" ? other.end - piece.start : other.start - piece.end) < TOUCH ? other : null;
  }

  /** The ends of the song stay. */
  movable(piece, edge) { return Boolean(this.beside(piece, edge)) || (edge === "start" ? piece.start > TOUCH : piece.end < this.seconds - TOUCH); }

  /** How far an edge may go, its neighbour moving along. */
  room(piece, edge) {
    const at = this.list.indexOf(piece), next = this.list[at + (edge === "start" ? -1 : 1)], along = this.beside(piece, edge);
    if (edge === "start") return [along ? along.start + SHORTEST : next ? next.end : 0, piece.end - SHORTEST];
    return [piece.start + SHORTEST, along ? along.end - SHORTEST : next ? next.start : this.seconds];
  }

  edge(id, edge, to) {
    const piece = this.list.find((one) => one.id === id);
    if (!piece || !this.movable(piece, edge)) return false;
    const [low, high] = this.room(piece, edge), at = millis(clamp(to, low, high)), along = this.beside(piece, edge);
    if (high < low || Math.abs(at - piece[edge]) < 0.0005) return false;
    return this.change({ ...this.state, own: this.list.map((one) => (one === piece ? { ...one, [edge]: at } : one === along ? { ...one, [edge === "start" ? "end" : "start"]: at } : one)) });
  }

  /** The right part stays with the end picture, so that what follows continues as before. */
  split(time) {
    const piece = this.at(time), at = millis(time);
    if (!piece || at - piece.start < SHORTEST || piece.end - at < SHORTEST) return false;
    const right = this.whole({ ...piece, start: at, start_prompt: "", end_prompt: "", start_seed: null, end_seed: null, pattern: piece.picture || piece.clip ? piece.pattern : "hold" });
    this.selected = right.id;
    return this.change({ ...this.state, own: this.list.flatMap((one) => (one === piece ? [{ ...one, end: at }, right] : [one])) });
  }

  join(id) {
    const at = this.list.findIndex((one) => one.id === id), piece = this.list[at], next = this.list[at + 1];
    if (!piece || !next) return false;
    if (this.selected === next.id) this.selected = piece.id;
    const ends = { end_prompt: next.end_prompt || next.start_prompt || piece.end_prompt, end_seed: next.end_prompt ? next.end_seed : next.start_prompt ? next.end_seed ?? next.start_seed : piece.end_seed };
    return this.change({ ...this.state, own: this.list.filter((one) => one !== next).map((one) => (one === piece ? { ...one, end: next.end, ...(piece.picture || piece.clip ? {} : ends) } : one)) });
  }

  /** Its time goes to the neighbour before, or to the one after. */
  remove(id, theme) {
    const at = this.list.findIndex((one) => one.id === id), piece = this.list[at], slots = ends(this.list, theme);
    if (!piece) return false;
    const before = this.beside(piece, "start"), after = this.beside(piece, "end"), following = this.list[at + 1];
    const own = this.list.filter((one) => one !== piece).map((one) => {
      let now = one;
      if (one === before) now = { ...now, end: piece.end };
      else if (one === after && !before) now = { ...now, start: piece.start };
      if (one === following && at === 0 && !one.start_prompt && slots[1].start) now = { ...now, start_prompt: slots[1].start.prompt, start_seed: slots[1].start.seed };
      return now;
    });
    this.selected = (before ?? after ?? own[0])?.id ?? this.proposal[0]?.id ?? null;
    return this.change({ ...this.state, own });
  }

  /** Back to what the studio proposes. */
  again() {
    if (!this.owned) return false;
    this.change({ ...this.state, own: [] });
    this.selected = this.list[0]?.id ?? null;
    return true;
  }

  travel(from, to) {
    const { index } = this, went = super.travel(from, to);
    if (!this.piece) this.selected = this.list[clamp(index, 0, this.list.length - 1)]?.id ?? null;
    return went;
  }
}

/** What each piece begins and ends with: `{prompt, seed or null, from: the slot whose seed it takes, chained}`, null for photos and clips.
 *
 * An empty start continues the piece before (the first one: the theme), an empty end is the same as the start, and an end without a seed takes that of its start.
 */
function ends(list, theme) {
  let last = null;
  return list.map((piece) => {
    if (piece.picture || piece.clip) { last = null; return { start: null, end: null }; }
    const said = piece.start_prompt.trim(), chained = !said && last !== null;
    const start = chained ? { prompt: last.prompt, seed: piece.start_seed ?? last.seed, from: piece.start_seed === null ? last : null, chained: piece.start_seed === null } : { prompt: said || theme, seed: piece.start_seed, from: null, chained: false };
    const end = piece.pattern === "freeze" ? start : { prompt: piece.end_prompt.trim() || start.prompt, seed: piece.end_seed ?? start.seed, from: piece.end_seed === null ? start : null, same: !piece.end_prompt.trim() };
    last = end;
    return { start, end };
  });
}
