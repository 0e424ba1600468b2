// Asks the server while a hand moves: one question under way at a time, only the newest waits, and what was dropped is never shown.

const ANSWER_LIMIT_MS = 60000;
const NO_ANSWER = "The studio did not answer: check that it still runs, then try again.";

class Newest {
  /** read: the server's function, or null. answered(answer, question, last) is called in order; last: nothing newer waits. waiting(on) tells when an answer is owed. */
  constructor(read, { answered, waiting = () => {}, limit = ANSWER_LIMIT_MS }) {
    Object.assign(this, { read, answered, waiting, limit, epoch: 0, busy: false, next: null });
  }

  ask(question, after = 0) {
    if (!this.read) return;
    this.waiting(true);
    this.next = question;
    clearTimeout(this.timer);
    if (after) this.timer = setTimeout(() => this.send(), after);
    else this.send();
  }

  async send() {
    if (this.busy || this.next === null) return;
    const { epoch, next: question } = this;
    let answer;
    Object.assign(this, { busy: true, next: null });
    try {
      answer = await within(this.limit, this.read(question)) ?? { error: NO_ANSWER, lost: true };
    } catch {
      answer = { error: NO_ANSWER, lost: true };
    }
    this.busy = false;
    if (epoch === this.epoch) {
      const last = this.next === null;
      if (last) this.waiting(false);
      this.answered(answer, question, last);
    }
    this.send();
  }

  /** What was asked no longer matters: its answers are not shown. */
  drop() {
    this.epoch += 1;
    this.next = null;
    clearTimeout(this.timer);
    this.waiting(false);
  }
}

/** The promise's answer, or a failure when it takes longer. */
function within(milliseconds, promise) {
  let timer;
  const limit = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error("late")), milliseconds); });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
