// The pictures at which intervals begin and end, asked a few at a time and remembered. What was shown once is never asked again.

const STILLS_LIMIT_MS = 100000, KEPT_STILLS = 600, AT_ONCE = 3;

class Stills {
  /** read: the server's function, or null. changed() is called when pictures came, or could not be drawn. */
  constructor(read, { changed }) { Object.assign(this, { read, changed, known: new Map(), busy: null, error: "", settings: {}, alive: true }); }

  key(prompt, seed, settings = this.settings) { return JSON.stringify([settings, prompt, seed]); }

  /** The seed that a slot is drawn with: its own, that of the slot it follows, or the one that the studio chose; undefined while nobody knows. */
  seed(slot) { return slot.seed ?? (slot.from ? this.seed(slot.from) : this.known.get(this.key(slot.prompt, null))?.seed); }

  /** The key under which a slot's picture is asked, or null while the slot that it follows is not known. */
  keyOf(slot) {
    const seed = this.seed(slot);
    return seed === undefined && slot.from ? null : this.key(slot.prompt, seed ?? null);
  }

  /** The picture's address, or null. */
  picture(slot) {
    const key = slot && this.keyOf(slot);
    return (key && this.known.get(key)?.picture) || null;
  }

  waits(slot) { return Boolean(this.read && slot && !this.error && !this.picture(slot)); }

  /** The slots that should be seen, the most wanted first. */
  want(slots, after = 0) {
    this.wanted = slots.filter((slot) => slot?.prompt);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), after);
  }

  retry() {
    this.error = "";
    this.send();
  }

  async send() {
    if (!this.read || this.busy || this.error || !this.alive) return;
    const asked = new Map();
    for (const slot of this.wanted ?? []) {
      const key = this.keyOf(slot);
      if (key && !this.known.has(key) && !asked.has(key)) asked.set(key, { prompt: slot.prompt, seed: this.seed(slot) ?? null });
      if (asked.size >= (this.known.size ? AT_ONCE : 1)) break; // the first picture comes alone: what draws it has to start
    }
    if (!asked.size) return;
    const keys = [...asked.keys()], prompts = [...asked.values()], { settings } = this;
    let answer;
    this.busy = keys;
    this.changed();
    try { answer = await within(STILLS_LIMIT_MS, this.read({ prompts, settings })); } catch { answer = null; }
    this.busy = null;
    if (!this.alive) return;
    if (answer?.pictures) keys.forEach((key, at) => this.keep(key, prompts[at], { picture: answer.pictures[at], seed: answer.seeds[at] }));
    else this.error = answer?.error ?? NO_ANSWER;
    this.changed();
    this.send();
  }

  keep(key, { prompt, seed }, still) {
    this.known.set(key, still);
    if (seed === null) this.known.set(this.key(prompt, still.seed, JSON.parse(key)[0]), still);
    while (this.known.size > KEPT_STILLS) this.known.delete(this.known.keys().next().value);
  }

  stop() {
    this.alive = false;
    clearTimeout(this.timer);
  }
}
