// The widget: two ways to a voice, one track under both. Keeps the value that Python reads up to date, and asks what is in the voice when it changes.

const CLOSEST = 400;

class VoiceTrack extends Bound(Object) {
  constructor(root, { props, server, upload, watch }) {
    super();
    Object.assign(this, { root, props, upload, mode: "recording", file: null, look: null, heard: null, laughter: true, kept: null, zoom: 1, serial: 0, apart: {}, loading: false });
    this.life = new AbortController();
    const { signal } = this.life, look = typeof server?.listen === "function" ? (question) => server.listen(question) : null;
    root.replaceChildren();
    this.offered = typeof server?.voices === "function" ? () => server.voices({}) : null;
    this.spans = new Spans();
    this.asker = new Newest(look, { answered: (answer, question, last) => this.listened(answer, question, last), waiting: (on) => { this.owed = on; this.draw(); } });
    this.player = new Player({ moved: () => this.showMoment(), changed: () => this.draw(), failed: () => this.say("This browser cannot play the file; Run can use it all the same.", "warn") });
    this.wave = new Wave();
    this.lane = new Lane(this.spans, {
      scale: () => this.scale, changed: (done) => this.changed(done), selected: () => this.draw(), addAt: (at) => this.add(at), seek: (at) => this.player.seek(at),
      own: (start, end, strength) => { this.spans.put({ start, end, kind: "laugh", strength }); this.changed(true); this.lane.focus(this.spans.selected); }, removed: () => this.afterRemoval(),
    });
    this.inspector = new Inspector(this.spans, { changed: (done) => this.changed(done), remove: () => { if (this.spans.remove(this.spans.span)) this.changed(true); this.afterRemoval(); } });
    this.recording = new RecordingPane(root, { load: (file) => this.load(file), refused: (line) => this.say(line, "error"), remove: () => this.removeFile(), changed: () => this.draw() }, signal);
    this.saying = new TextPane(props, { changed: () => this.textChanged(), hear: () => this.hear() });
    layOut(this);
    root.addEventListener("keydown", (event) => this.key(event), { signal });
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.scroller);
    this.dress = new MutationObserver(() => this.draw());
    this.dress.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    watch("value", () => this.receive());
    this.saying.set({ text: "", voice: "auto", speed: 1 });
    this.draw();
    this.receive();
  }

  destroy() {
    this.life.abort();
    this.sizes.disconnect();
    this.dress.disconnect();
    this.asker.drop();
    this.player.stop();
    this.recording.recorder.stop(false);
  }

  // ---- value -------------------------------------------------------------------------------------------------------

  get seconds() { return this.look?.seconds ?? 0; }

  get scale() { return this.seconds ? (this.room * this.zoom) / this.seconds : 1; }

  value() {
    const says = this.mode === "text";
    return { audio: says ? null : this.file, ...this.saying.value, text: says ? this.saying.value.text : "", expressions: this.spans.plain(), auto_laughter: this.laughter };
  }

  /** What two values must share to be the same: the file by its path, and everything else. */
  print(value) {
    const { text, voice, speed, expressions, auto_laughter: laughter } = value;
    return JSON.stringify([value.audio?.path ?? null, text ?? "", voice ?? "auto", speed ?? 1, (expressions ?? []).map(({ start, end, kind, strength }) => [start, end, kind, strength]), laughter ?? true]);
  }

  receive() {
    const given = this.news();
    if (!given) return;
    const file = asFile(given.audio), text = given.text ?? "";
    this.serial += 1;
    Object.assign(this, { mode: !file && text ? "text" : "recording", file, laughter: given.auto_laughter ?? true, apart: {}, loading: false });
    this.saying.set({ text, voice: given.voice ?? "auto", speed: given.speed ?? 1 });
    this.forget(given.expressions ?? []);
    this.say(given.note ? String(given.note) : "", given.note ? "error" : "");
    // Speech takes a while to make: a text is said by itself only where expressions lie over it.
    if (file || (text && this.spans.list.length)) this.ask();
  }

  /** Another voice: what was known of the one before goes. */
  forget(expressions = []) {
    this.asker.drop();
    this.player.load(null);
    Object.assign(this, { look: null, heard: null, zoom: 1 });
    this.spans.load(expressions, Infinity);
    this.draw();
  }

  /** Each way keeps its own expressions while the page is open. */
  choose(mode) {
    if (mode === this.mode) return;
    this.apart[this.mode] = this.spans.plain();
    this.recording.recorder.stop(false);
    this.mode = mode;
    this.forget(this.apart[mode] ?? []);
    this.say("");
    this.tell();
    if (mode === "recording" ? this.file : this.saying.ready && this.spans.list.length) this.ask();
    if (mode === "text") this.saying.area.focus({ preventScroll: true });
    this.saying.measure();
  }

  /** Which voices there are is asked when they are wanted first. */
  async fetchVoices() {
    const { offered } = this;
    this.offered = null;
    try {
      const answer = await offered();
      if (Array.isArray(answer?.voices)) this.saying.offer(answer.voices);
      else this.offered = offered;
    } catch { this.offered = offered; }
  }

  // ---- voice -------------------------------------------------------------------------------------------------------

  /** A file of the user or of the microphone. One that nobody can read leaves the voice before. */
  async load(file) {
    const before = { file: this.file, expressions: this.spans.plain(), look: this.look };
    if (this.mode !== "recording") this.choose("recording");
    this.player.pause();
    await bringIn(this, file, before, (kept) => {
      this.file = { ...kept };
      this.forget();
    });
  }

  removeFile() {
    this.serial += 1;
    this.file = null;
    this.forget();
    this.say("");
    this.tell();
    this.recording.empty.querySelector("button").focus();
  }

  textChanged() {
    this.player.pause();
    this.tell();
    this.draw();
  }

  /** What is shown belongs to another text, voice or speed than the present ones. */
  get stale() { return this.mode === "text" && this.heard !== null && this.heard !== JSON.stringify(this.saying.value); }

  hear() {
    if (!this.saying.ready) return;
    if (this.look && !this.stale) { this.player.seek(0); this.player.play(); return; }
    this.ask(true);
  }

  ask(play = false) {
    const question = this.mode === "text" ? { audio: null, ...this.saying.value } : { audio: this.file };
    this.playNext = play;
    this.say(this.mode === "text" ? "The voice is being made…" : "Listening…");
    this.asker.ask(question);
  }

  async listened(answer, question, last) {
    if (!last) return;
    if (answer.error) { this.failed(answer); return; }
    const says = question.audio === null, { serial } = this;
    this.look = answer;
    this.before = null;
    this.heard = says ? JSON.stringify({ text: question.text, voice: question.voice, speed: question.speed }) : null;
    if (this.spans.fit(this.seconds)) this.tell();
    const loaded = this.player.load(says ? answer.sound : this.file.url, this.seconds);
    this.say([says && answer.voice ? `Said by ${answer.voice}.` : "", ...(answer.notes ?? [])].filter(Boolean).join(" "));
    this.draw();
    await loaded;
    if (this.playNext && serial === this.serial) this.player.play();
  }

  async failed(answer) {
    const { before, serial } = this;
    if (this.mode === "recording" && before && !answer.lost && !(await plays(this.file?.url)) && serial === this.serial) {
      this.before = null;
      this.file = before.file;
      this.forget(before.expressions);
      this.look = before.look;
      if (before.look) this.player.load(this.file.url, this.spans.seconds = this.seconds);
      this.tell();
    }
    this.say(String(answer.error), "error");
    this.draw();
  }

  // ---- expressions -------------------------------------------------------------------------------------------------

  add(at, kind = this.latest ?? "smile") {
    this.latest = kind;
    if (this.spans.add(at, kind)) { this.changed(true); this.reveal(this.spans.span.start); this.say(`${spanSaid(this.spans.span)} added.`); } else this.say("There is an expression already: move the cursor to a free place.", "warn");
  }

  changed(done) {
    if (done) this.tell();
    this.draw();
  }

  afterRemoval() {
    if (this.spans.selected !== null) this.lane.focus(this.spans.selected);
    else this.face.focus({ preventScroll: true });
  }

  travel(way) {
    if (!this.spans[way]()) return;
    this.changed(true);
    this.say(way === "undo" ? "Undone." : "Done again.");
  }

  key(event) {
    const letter = event.key.toLowerCase(), typing = event.target.closest("textarea, input, select"), onTrack = event.target === this.face || event.target.closest(".vt-span");
    let done = true;
    if ((event.ctrlKey || event.metaKey) && !event.target.closest("textarea, input[type=number]") && (letter === "z" || letter === "y")) this.travel(letter === "y" || event.shiftKey ? "redo" : "undo");
    else if (typing || event.ctrlKey || event.metaKey || event.altKey) done = false;
    else if (onTrack && event.key === " ") this.player.toggle();
    else if (event.target !== this.face) done = false;
    else if (event.key === "ArrowLeft" || event.key === "ArrowRight") this.player.seek(snap(this.player.time) + (event.key === "ArrowLeft" ? -1 : 1) * (event.shiftKey ? 1 : SNAP));
    else if (event.key === "Home" || event.key === "End") this.player.seek(event.key === "Home" ? 0 : this.seconds);
    else if (event.key === "Enter") this.add(this.player.time);
    else done = false;
    if (done) { event.preventDefault(); event.stopPropagation(); }
  }

  // ---- showing -----------------------------------------------------------------------------------------------------

  zoomBy(times) {
    const middle = this.player.time;
    this.zoom = clamp(this.zoom * times, 1, Math.max(1, (CLOSEST * this.seconds) / this.room));
    this.draw();
    this.scroller.scrollLeft = middle * this.scale - this.room / 2;
  }

  reveal(time) {
    const x = time * this.scale, { scrollLeft } = this.scroller;
    if (x < scrollLeft + 4 || x > scrollLeft + this.room - 4) this.scroller.scrollLeft = x - this.room * 0.2;
  }

  say(line, kind = "") {
    K.write(this.said, line);
    this.said.dataset.kind = kind;
    this.draw();
  }

  draw() {
    const { mode, spans, tools, player } = this, there = this.seconds > 0;
    for (const node of this.ways) node.setAttribute("aria-pressed", String(node.dataset.mode === mode));
    this.recording.root.hidden = mode !== "recording";
    this.saying.root.hidden = mode !== "text";
    if (mode === "text" && this.offered) this.fetchVoices();
    this.recording.draw(this.file, this.loading);
    this.track.hidden = !there || this.recording.recorder.on;
    this.root.classList.toggle("vt-owed", Boolean(this.owed || this.loading));
    this.root.classList.toggle("vt-stale", this.stale);
    this.again.hidden = this.said.dataset.kind !== "error" || this.owed || there || !(mode === "text" ? this.saying.ready : this.file);
    K.write(this.saying.hear.lastChild, this.stale || !there ? "Hear it" : "Hear it again");
    this.saying.hear.disabled = !this.saying.ready || Boolean(this.owed);
    if (!there) return;
    if (this.stale && !this.owed && !this.said.dataset.kind) K.write(this.said, "The text, voice or speed has changed: hear it again.");
    this.room = this.scroller.clientWidth || this.room || 600;
    this.inner.style.width = this.zoom > 1 ? `${Math.ceil(this.room * this.zoom)}px` : "100%";
    tools.undo.disabled = !spans.past.length;
    tools.redo.disabled = !spans.future.length;
    tools.out.disabled = this.zoom <= 1;
    tools.in.disabled = this.scale >= CLOSEST - 1;
    this.play.disabled = !player.able || this.stale;
    const words = player.playing ? "Pause" : "Play";
    if (this.play.dataset.does !== words) { this.play.dataset.does = words; this.play.replaceChildren(K.icon(words.toLowerCase())); this.play.setAttribute("aria-label", words); this.play.title = `${words} (Space)`; }
    this.auto.checked = this.laughter;
    const count = (this.look.laughs ?? []).length;
    K.write(this.autoLine, count ? `${count} ${count === 1 ? "laugh" : "laughs"} found${this.laughter ? "" : ", not followed"}` : "none found in this voice");
    this.lane.draw(this.look.laughs ?? [], !this.laughter);
    this.inspector.draw();
    this.face.setAttribute("aria-valuemax", this.seconds.toFixed(2));
    this.showMoment();
  }

  showMoment() {
    if (!this.seconds) return;
    const { time, playing } = this.player;
    this.cursor.style.transform = `translateX(${time * this.scale}px)`;
    this.face.setAttribute("aria-valuenow", time.toFixed(2));
    this.face.setAttribute("aria-valuetext", `${time.toFixed(2)} of ${this.seconds.toFixed(1)} seconds`);
    K.write(this.moment, clock(time, 2));
    K.write(this.whole, `of ${clock(this.seconds, 1)}`);
    if (playing) this.reveal(time);
    this.paint();
  }

  paint() {
    this.wave.draw({ peaks: this.look?.peaks, seconds: this.seconds, scale: this.scale, left: this.zoom > 1 ? this.scroller.scrollLeft : 0, width: this.room, time: this.player.time, stale: this.stale });
  }
}

/** True when the browser can play what is there. */
function plays(address) {
  return new Promise((resolve) => {
    const sound = new Audio();
    if (!address) { resolve(false); return; }
    sound.onloadedmetadata = () => resolve(true);
    sound.onerror = () => resolve(false);
    setTimeout(() => resolve(false), 3000);
    sound.src = address;
  });
}

const host = element.querySelector(".vt");
host.voiceTrack?.destroy(); // Gradio may run this twice on one element, after a key change: the first instance must let go
host.voiceTrack = new VoiceTrack(host, { props, server, upload, watch });
