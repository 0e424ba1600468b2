// A state that is never changed in place, and the way back: every change puts a new one, so a snapshot is one reference. Holds no DOM.

const HISTORY = 200;

class History {
  constructor(state) { Object.assign(this, { state, past: [], future: [], before: null }); }

  /** A state from elsewhere: no step, and nothing to go back to. */
  restart(state) { Object.assign(this, { state, past: [], future: [], before: null }); }

  /** True, for callers that tell whether something changed. */
  change(state) {
    if (!this.before) this.remember(this.state);
    this.state = state;
    return true;
  }

  /** What changes until `end` is one step. */
  begin() { this.before ??= this.state; }

  end() {
    const { before } = this;
    this.before = null;
    if (before && before !== this.state) this.remember(before);
  }

  /** A gesture that is given up: as before it. */
  abandon() {
    if (this.before) this.state = this.before;
    this.before = null;
  }

  remember(state) {
    this.past.push(state);
    if (this.past.length > HISTORY) this.past.shift();
    this.future = [];
  }

  undo() { return this.travel(this.past, this.future); }

  redo() { return this.travel(this.future, this.past); }

  travel(from, to) {
    if (!from.length) return false;
    to.push(this.state);
    this.state = from.pop();
    return true;
  }
}
