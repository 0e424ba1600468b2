// What the widget asks the studio: a storyboard, an edit of it, and which scenes are made; and what it hears of the runs of its tab.

const WRITING_LIMIT_MS = 200000, EDITING_LIMIT_MS = 40000, TYPING_MS = 450;
const ON_ITS_WAY = "The animatic is on its way: see the result.";
const GIVEN = { library: "From the library", file: "Your video", picture: "Your picture" };

const Asking = (Base) => class extends Base {
  /** A storyboard for the idea. Locked scenes stay; undo brings the old one back. */
  async write() {
    if (this.busy || !this.text.trim() || !this.server.write) return;
    const planned = Boolean(this.story.plan);
    const answer = await this.owed("Writing the storyboard…", WRITING_LIMIT_MS, "write", { idea: this.text, plan: this.value().plan });
    if (!answer) return;
    this.once.clear();
    this.adopt(answer.plan);
    this.say(planned ? "A new storyboard. Undo brings the one before back." : "The storyboard is written: change anything, look at the animatic, or press Run.");
    if (!planned) this.strip.root.scrollIntoView({ behavior: K.reduced() ? "auto" : "smooth", block: "nearest" });
  }

  /** An edit that the planner makes. Gives whether it was made. */
  async edit(act, more, words) {
    if (this.busy || !this.server.edit) return false;
    const answer = await this.owed(words, EDITING_LIMIT_MS, "edit", { plan: this.value().plan, act, ...more });
    if (answer) this.adopt(answer.plan);
    return Boolean(answer);
  }

  /** Asks once while the widget waits; null when there is no answer that can be used. */
  async owed(words, limit, name, question) {
    const { state, epoch } = { state: this.story.state, epoch: this.epoch };
    let answer;
    this.story.end();
    this.busy = true;
    this.readings.stop(); // the answer that is waited for comes first
    this.say(words);
    this.draw();
    try { answer = await within(limit, this.server[name]({ idea: this.text, settings: this.settings, ...question })) ?? { error: NO_ANSWER }; } catch { answer = { error: NO_ANSWER }; }
    this.busy = false;
    const late = epoch !== this.epoch || state !== this.story.state;
    this.say(answer.error ? String(answer.error) : late ? "The storyboard changed meanwhile: try again." : "", answer.error || late ? "error" : "");
    this.draw();
    return answer.error || late || !answer.plan ? null : answer;
  }

  /** A plan from the studio as one step of the history. */
  adopt(plan) {
    this.story.change(withFiles(plan));
    this.story.end();
    this.changed(true);
  }

  // ---- what is made ------------------------------------------------------------------------------------------------

  askState(after = TYPING_MS) {
    if (!this.story.plan || this.story.scenes.some(faultOf)) { this.asker.drop(); return; } // a card says what it misses; what is known of the others stays
    this.asker.ask({ idea: this.text, plan: this.value().plan, settings: this.settings, prints: this.prints() }, after);
  }

  /** What the clip of each scene depends on, as far as the page knows: while it differs from what was asked, the answer is not about this scene. */
  prints() {
    const { plan, scenes } = this.story;
    return Object.fromEntries(scenes.map((one) => [one.id, JSON.stringify([one.prompt.trim(), one.camera, one.seconds, one.source, one.seed, one.takes, one.source.kind === "head" ? one.line : "", plan.shape, plan.style, plan.seed])]));
  }

  answeredState(answer, question) {
    this.asked = true;
    if (answer.error) { if (!answer.lost) this.say(String(answer.error), "error"); this.draw(); return; }
    this.state = answer.scenes ?? {};
    this.statePrints = question.prints;
    for (const [id, takes] of Object.entries(this.state)) if (takes.some((take) => take.made)) this.once.add(id);
    this.draw();
  }

  /** The takes of a scene on the shelf; null while that is not known. */
  takesOf(scene, prints) { return this.statePrints?.[scene.id] === prints[scene.id] ? this.state[scene.id] ?? null : null; }

  // ---- runs --------------------------------------------------------------------------------------------------------

  /** A run of this tab moves: which scene is being made, and when to look again what lies on the shelf. */
  heardRun(status) {
    if (status.task !== "movie") return;
    const mark = `${status.id} ${status.state} ${status.part?.key ?? ""} ${this.stageScene(status)}`, ended = !status.active;
    const moved = mark !== this.runMark;
    this.runMark = mark;
    this.run = ended ? null : status;
    if (status.state === "failed") this.markFailed(status);
    else if (status.active) this.failed = null;
    if (status.state === "done" && moved && !this.story.plan && status.result?.details?.plan) this.takeFilmed(status.result.details.plan);
    if (moved && ended && this.said.textContent === ON_ITS_WAY) this.say("");
    if (moved) this.askState(0);
    this.draw();
  }

  /** A film that was made from the sentence alone brings its storyboard. */
  takeFilmed(plan) {
    if (plan.scenes.some((scene) => scene.source.file || scene.source.image)) return;
    this.story.restart(plan);
    this.tell();
  }

  markFailed(status) {
    const at = /^plan\.scenes\[(\d+)\]/.exec(status.field ?? ""), scene = at && status.request.plan?.scenes?.[Number(at[1])];
    this.failed = scene ? { id: scene.id, line: status.error ?? "It failed.", print: this.prints()[scene.id] } : null;
  }

  /** The number of the scene that a stage names, 0 for none. */
  stageScene(status) { return Number(/^Scene (\d+)/.exec(status.stage ?? "")?.[1] ?? 0); }

  /** {kind, words, share}: the state of a card. */
  badge(scene, index, takes, print) {
    const { run, failed } = this, entry = takes?.[scene.take - 1];
    if (GIVEN[scene.source.kind]) return { kind: "given", words: GIVEN[scene.source.kind] };
    if (run && run.request?.until !== "animatic" && takes) {
      const wanted = run.request?.until === "scenes" ? takes : [entry], only = run.request?.only ?? [], asked = run.request?.until !== "scenes" || !only.length || only.includes(scene.id);
      const own = run.part ? takes.some((take) => take.key === run.part.key) : asked && this.stageScene(run) === index + 1 && !only.length;
      if (own && wanted.some((take) => take && !take.made)) return { kind: "making", words: BADGES.making, share: run.part ? run.part.share : run.share };
      if (asked && wanted.some((take) => take && !take.made)) return { kind: "waiting", words: BADGES.waiting };
    }
    if (failed?.id === scene.id && failed.print === print) return { kind: "failed", words: BADGES.failed, fault: failed.line };
    if (entry?.error) return { kind: "failed", words: BADGES.failed, fault: String(entry.error) };
    if (entry?.made) return { kind: "made", words: BADGES.made };
    return this.once.has(scene.id) ? { kind: "changed", words: BADGES.changed } : { kind: "new", words: BADGES.new };
  }
};

/** A plan with its files as the page holds them. */
function withFiles(plan) {
  return { ...plan, scenes: plan.scenes.map((scene) => ({ ...scene, source: { ...scene.source, file: asFile(scene.source.file), image: asFile(scene.source.image) } })) };
}
