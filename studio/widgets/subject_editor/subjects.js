// Who is meant: the list of subjects with their marks, as plain data that is never changed in place. Holds no DOM.
// A mark is on one frame: on the subject's own `frame`, or in `keyframes[frame]`. Places are fractions of the picture.

const MARKS = ["points", "avoid", "scribble", "erase"];
const BRUSH_RADIUS = 0.012;
const place = (value) => Math.round(clamp(Number(value) || 0, 0, 1) * 1e4) / 1e4;
const spot = ([x, y]) => [place(x), place(y)];

/** A stroke as Python holds it. */
const plainStroke = (stroke) => {
  const points = Array.isArray(stroke) ? stroke : stroke.points;
  return { points: points.map(spot), radius: Math.round((stroke.radius ?? BRUSH_RADIUS) * 1e4) / 1e4, exact: Boolean(stroke.exact) };
};

/** Marks without what says nothing. */
function plainMarks(marks) {
  const plain = {};
  for (const name of ["points", "avoid"]) if (marks[name]?.length) plain[name] = marks[name].map(spot);
  if (marks.box) plain.box = marks.box.map(place);
  for (const name of ["scribble", "erase"]) if (marks[name]?.length) plain[name] = marks[name].map(plainStroke);
  return plain;
}

const saysSomething = (marks) => Boolean(marks && (marks.box || marks.gone || MARKS.some((name) => marks[name]?.length)));

/** A subject as Python holds it: defaults left out, key frames in order. */
function plainSubject(subject) {
  const plain = { ...(subject.name ? { name: subject.name } : {}), ...(subject.words ? { words: subject.words } : {}), ...plainMarks(subject) };
  if (subject.frame) plain.frame = subject.frame;
  const frames = Object.keys(subject.keyframes ?? {}).map(Number).sort((a, b) => a - b).filter((frame) => saysSomething(subject.keyframes[frame]));
  if (frames.length) plain.keyframes = Object.fromEntries(frames.map((frame) => [frame, { ...plainMarks(subject.keyframes[frame]), ...(subject.keyframes[frame].gone ? { gone: true } : {}) }]));
  if (subject.hidden?.length) plain.hidden = subject.hidden.map((range) => [...range]);
  return plain;
}

class Subjects extends History {
  constructor() {
    super({ start: 0, end: null, list: [] });
    this.ids = 0;
    this.selected = null;
  }

  get list() { return this.state.list; }
  get index() { return this.list.findIndex((one) => one.id === this.selected); }
  get subject() { return this.list[this.index] ?? null; }

  load({ start, end, subjects }) {
    const list = (subjects ?? []).map((one) => this.whole(one));
    this.restart({ start: Number(start) || 0, end: end ?? null, list });
    this.selected = list[0]?.id ?? null;
  }

  whole(given) { return { name: "", words: "", frame: 0, keyframes: {}, hidden: [], points: [], avoid: [], box: null, scribble: [], erase: [], ...given, id: ++this.ids }; }

  plain() { return this.list.map(plainSubject); }

  /** Another range of the video, whose frames are counted from elsewhere. While a hand moves it, each range is one of the state before. */
  range(start, end, fps) {
    const { start: from, list } = this.before ?? this.state, by = Math.round((from - start) * fps);
    return this.change({ start, end, list: by ? list.map((one) => shifted(one, by)) : list });
  }

  put(id, change) { return this.change({ ...this.state, list: this.list.map((one) => (one.id === id ? { ...one, ...change } : one)) }); }

  add(given) {
    const one = this.whole(given);
    this.change({ ...this.state, list: [...this.list, one] });
    this.selected = one.id;
    return one;
  }

  remove(id) {
    const at = this.list.findIndex((one) => one.id === id), list = this.list.filter((one) => one.id !== id);
    this.change({ ...this.state, list });
    if (this.selected === id) this.selected = (list[at] ?? list.at(-1))?.id ?? null;
  }

  /** Marks of a subject on a frame, or null. */
  marks(subject, frame) { return frame === subject.frame ? subject : subject.keyframes[frame] ?? null; }

  /** Changes the marks of a subject on a frame. The first mark of one that nothing points at says where it is: there it begins. */
  mark(id, frame, change) {
    const subject = this.list.find((one) => one.id === id);
    if (!subject) return false;
    const bare = !saysSomething(subject) && !subject.words && !Object.keys(subject.keyframes).length;
    if (bare || frame === subject.frame) return this.put(id, { ...change(subject), frame });
    const keyframes = { ...subject.keyframes, [frame]: { ...subject.keyframes[frame], ...change(subject.keyframes[frame] ?? {}) } };
    if (!saysSomething(keyframes[frame])) delete keyframes[frame];
    return this.put(id, { keyframes });
  }

  /** Takes every mark of a frame away. */
  unmark(id, frame) {
    const subject = this.list.find((one) => one.id === id);
    if (frame === subject.frame) return this.put(id, { points: [], avoid: [], box: null, scribble: [], erase: [] });
    const { [frame]: dropped, ...keyframes } = subject.keyframes;
    return this.put(id, { keyframes });
  }

  hide(id, first, last) {
    const { hidden } = this.list.find((one) => one.id === id), ranges = [...hidden, [Math.min(first, last), Math.max(first, last)]].sort((a, b) => a[0] - b[0]);
    const joined = ranges.reduce((all, [from, to]) => {
      const before = all.at(-1);
      if (before && from <= before[1] + 1) all[all.length - 1] = [before[0], Math.max(before[1], to)];
      else all.push([from, to]);
      return all;
    }, []);
    return this.put(id, { hidden: joined });
  }

  travel(from, to) {
    const done = super.travel(from, to);
    if (done && !this.subject) this.selected = this.list[0]?.id ?? null;
    return done;
  }
}

/** A subject whose frames are counted from elsewhere. Marks of frames that are gone are dropped; when the own ones are, the first that are left say where it is. */
function shifted(subject, by) {
  const moved = Object.entries(subject.keyframes).map(([frame, edit]) => [Number(frame) + by, edit]).filter(([frame]) => frame >= 0);
  const hidden = subject.hidden.map(([a, b]) => [Math.max(0, a + by), b + by]).filter(([, b]) => b >= 0);
  const frame = subject.frame + by;
  if (frame >= 0) return { ...subject, frame, keyframes: Object.fromEntries(moved), hidden };
  const first = moved.filter(([, edit]) => !edit.gone).sort(([a], [b]) => a - b)[0];
  const none = { points: [], avoid: [], box: null, scribble: [], erase: [] };
  return first
    ? { ...subject, ...none, ...first[1], frame: first[0], keyframes: Object.fromEntries(moved.filter(([at]) => at !== first[0])), hidden }
    : { ...subject, ...(subject.words ? none : {}), frame: 0, keyframes: Object.fromEntries(moved), hidden };
}
