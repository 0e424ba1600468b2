// The drawing: picture, strokes, which one is selected, and the history of all that. Holds no DOM.
// Strokes are never changed in place: every change makes new ones, so a snapshot is only a few references.

const HISTORY = 200;

class Store {
  constructor() {
    this.image = null;
    this.strokes = [];
    this.selected = -1;
    this.version = 0;
    this.past = [];
    this.future = [];
    this.before = null;
  }

  get stroke() { return this.strokes[this.selected] || null; }

  snapshot() { return { image: this.image, strokes: this.strokes, selected: this.selected }; }

  restore(snapshot) { Object.assign(this, snapshot); }

  /** A gesture begins; what `live` changes until `end` is one step of the history. */
  begin() { this.before ||= this.snapshot(); }

  live(change) { Object.assign(this, change); }

  /** The gesture ends. True when it changed the drawing (a new selection alone is no change). */
  end() {
    const before = this.before;
    this.before = null;
    if (!before || (before.strokes === this.strokes && before.image === this.image)) return false;
    this.past.push(before);
    if (this.past.length > HISTORY) this.past.shift();
    this.future = [];
    return true;
  }

  /** One change as one step. */
  change(change) {
    this.begin();
    this.live(change);
    return this.end();
  }

  undo() { return this.travel(this.past, this.future); }

  redo() { return this.travel(this.future, this.past); }

  travel(from, to) {
    if (!from.length) return false;
    to.push(this.snapshot());
    this.restore(from.pop());
    return true;
  }

  /** Strokes with the one at `index` changed. */
  withStroke(index, change) {
    return this.strokes.map((s, i) => (i === index ? { ...s, ...change } : s));
  }

  add(stroke) { return { strokes: [...this.strokes, stroke], selected: this.strokes.length }; }

  remove(index) {
    const strokes = this.strokes.filter((_, i) => i !== index);
    return { strokes, selected: Math.min(this.selected > index ? this.selected - 1 : this.selected, strokes.length - 1) };
  }

  /** The stroke at `index` and its neighbour in direction `step` exchanged, the selection following the stroke. */
  swapped(index, step) {
    const other = index + step;
    if (other < 0 || other >= this.strokes.length) return {};
    const strokes = [...this.strokes];
    [strokes[index], strokes[other]] = [strokes[other], strokes[index]];
    const selected = this.selected === index ? other : this.selected === other ? index : this.selected;
    return { strokes, selected };
  }
}
