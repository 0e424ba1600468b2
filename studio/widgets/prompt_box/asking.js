// Asks the server while one types: after a short pause, one question under way at a time, and only the newest answer counts.

const ASK_AFTER_MS = 180;
const ANSWER_LIMIT_MS = 20000;
const NO_ANSWER = "The live reading did not answer: Run still works.";

class Asker {
  /** read: the server's function, or null. waiting(on) and answered(answer, question) are called as things happen. */
  constructor(read, { waiting, answered }) {
    Object.assign(this, { read, waiting, answered, serial: 0, busy: false, due: false, question: null });
  }

  /** There is something new to ask, or with null nothing. */
  ask(question) {
    this.serial++;
    this.question = question;
    this.due = false;
    clearTimeout(this.timer);
    if (!this.read) return;
    this.waiting(question !== null);
    if (question !== null) this.timer = setTimeout(() => this.send(), ASK_AFTER_MS);
  }

  async send() {
    if (this.busy) { this.due = true; return; }
    const { serial, question } = this;
    let answer;
    this.busy = true;
    this.due = false;
    try {
      // A server that is gone makes the call fail, or answer nothing.
      answer = await within(ANSWER_LIMIT_MS, this.read(question)) ?? { error: NO_ANSWER };
    } catch {
      answer = { error: NO_ANSWER };
    }
    this.busy = false;
    if (this.due) { this.send(); return; }
    if (serial !== this.serial) return;
    this.waiting(false);
    this.answered(answer, question);
  }

  stop() {
    this.serial++;
    this.due = false;
    clearTimeout(this.timer);
  }
}

/** The promise's answer, or a failure when it takes longer. */
function within(milliseconds, promise) {
  let timer;
  const limit = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error("late")), milliseconds); });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
