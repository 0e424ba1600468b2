// What the diorama reads and draws of prompts: one question at a time, those in sight first, and what was answered once is kept.

const READINGS_KEPT = 80, READING_LIMIT_MS = 20000, PICTURE_SIDE = 384;

class Readings {
  /** read: the server's function, or null. came() is called with each answer. */
  constructor(read, came) { Object.assign(this, { read, came, known: new Map(), wanted: [], busy: false, timer: 0, lost: 0 }); }

  key(question) { return JSON.stringify(question); }

  /** The answer about a prompt, when it is there. */
  get(question) { return this.known.get(this.key(question)); }

  /** What is wanted now, the first one first; what was wanted before and is not among it is dropped. */
  want(questions, after = 0) {
    if (!this.read) return;
    this.wanted = questions.filter((question) => !this.known.has(this.key(question)));
    clearTimeout(this.timer);
    if (this.wanted.length) this.timer = setTimeout(() => this.next(), after);
  }

  async next() {
    if (this.busy || !this.wanted.length) return;
    const question = this.wanted.shift();
    let answer = null;
    this.busy = true;
    try { answer = await within(READING_LIMIT_MS, this.read(question)); } catch { /* asked again with the next change */ }
    this.busy = false;
    this.lost = answer ? 0 : this.lost + 1;
    if (answer) {
      this.known.set(this.key(question), answer);
      while (this.known.size > READINGS_KEPT) this.known.delete(this.known.keys().next().value);
      this.came();
    }
    if (this.lost < 3) this.next();
  }

  stop() {
    clearTimeout(this.timer);
    this.wanted = [];
  }
}

/** Width and height in pixels of a card's drawing. */
function drawingSize([across, down]) {
  const scale = PICTURE_SIDE / Math.max(across, down);
  return [2 * Math.round((across * scale) / 2), 2 * Math.round((down * scale) / 2)];
}
