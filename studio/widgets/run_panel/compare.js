// The result beside what it was made from: two films in step in one frame, a line between them that is dragged or moved with the arrows.

const COMPARE_STEP = 2, COMPARE_LEAP = 10, STEP_SECONDS = 0.04;

class Compare {
  /** video: the result's player; before: address of the source's film, of the same size and frames. */
  constructor(video, before) {
    Object.assign(this, { video, share: 50, on: true, life: new AbortController() });
    const { signal } = this.life;
    this.before = K.el("video", { src: before, playsinline: true, preload: "auto", class: "cm-before", "aria-hidden": "true", tabindex: "-1" });
    this.before.muted = true;
    this.line = K.el("div", { class: "cm-line" });
    this.grip = K.el("div", { class: "cm-grip kin-focus", role: "slider", tabindex: "0", "aria-label": "Line between before and after", "aria-valuemin": "0", "aria-valuemax": "100" }, K.el("i", {}));
    this.words = [K.el("span", { class: "cm-word cm-word-before" }, "Before"), K.el("span", { class: "cm-word cm-word-after" }, "After")];
    this.frame = K.el("div", { class: "cm-frame" }, video, this.before, this.line, this.words, this.grip);
    this.play = K.button("Play", () => this.toggle(), { name: "play" });
    this.scrub = K.el("input", { type: "range", class: "tk-scrub kin-focus", min: "0", max: "1", step: "0.001", value: "0", "aria-label": "Time of the result" });
    this.time = K.el("span", { class: "kin-muted tk-time" });
    this.sound = K.button("Sound", () => { video.muted = !video.muted; this.draw(); }, { name: "sound" });
    this.switch = K.button("Compare with the original", () => this.turn(!this.on), { name: "photo", text: true });
    this.switch.lastChild.textContent = "Before and after";
    this.transport = K.el("div", { class: "tk-transport" }, this.play, this.scrub, this.time, this.sound);
    this.root = K.el("div", { class: "cm" }, this.frame, this.transport, K.el("div", { class: "kin-line" }, this.switch));
    this.scrub.addEventListener("input", () => { video.pause(); video.currentTime = Number(this.scrub.value) * (video.duration || 0); });
    for (const name of ["play", "pause", "volumechange"]) video.addEventListener(name, () => this.draw(), { signal });
    for (const name of ["seeked", "loadedmetadata", "timeupdate"]) video.addEventListener(name, () => this.follow(), { signal });
    for (const name of ["loadeddata", "seeked"]) this.before.addEventListener(name, () => this.follow(), { signal });
    video.addEventListener("loadedmetadata", () => this.frame.style.setProperty("--cm-ratio", String(video.videoWidth / video.videoHeight || 1)), { signal });
    this.before.addEventListener("error", () => { this.turn(false); this.switch.disabled = true; }, { signal });
    this.frame.addEventListener("pointerdown", (event) => this.drag(event), { signal });
    this.grip.addEventListener("keydown", (event) => this.key(event), { signal });
    this.root.addEventListener("keydown", (event) => { if (event.key === " " && this.on && !event.target.closest("button, input")) { event.preventDefault(); this.toggle(); } }, { signal });
    this.root.compare = this;
    this.turn(true);
    this.put(50);
    this.tick();
  }

  turn(on) {
    this.on = on;
    this.video.controls = !on;
    for (const node of [this.before, this.line, this.grip, this.transport, ...this.words]) node.hidden = !on;
    if (!on) this.before.pause();
    this.switch.setAttribute("aria-pressed", String(on));
    this.draw();
  }

  put(share) {
    this.share = Math.round(Math.max(0, Math.min(100, share)) * 10) / 10;
    this.frame.style.setProperty("--cm-share", `${this.share}%`);
    this.grip.setAttribute("aria-valuenow", String(this.share));
    this.grip.setAttribute("aria-valuetext", `${Math.round(this.share)} % before, ${Math.round(100 - this.share)} % after`);
  }

  /** A press anywhere on the picture takes the line along: it need not be hit. */
  drag(event) {
    if (!this.on || event.button > 0) return;
    const { frame } = this, box = frame.getBoundingClientRect(), life = new AbortController(), { signal } = life;
    const at = (move) => this.put((100 * (move.clientX - box.left)) / box.width);
    event.preventDefault();
    this.grip.focus({ preventScroll: true });
    frame.setPointerCapture(event.pointerId);
    at(event);
    frame.addEventListener("pointermove", at, { signal });
    for (const name of ["pointerup", "pointercancel"]) frame.addEventListener(name, () => life.abort(), { signal });
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (step) this.put(this.share + step * (event.shiftKey ? COMPARE_LEAP : COMPARE_STEP));
    else if (event.key === "Home" || event.key === "End") this.put(event.key === "Home" ? 0 : 100);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  toggle() { if (this.video.paused) this.video.play().catch(() => {}); else this.video.pause(); }

  /** The source's film is where the result is: a browser starts and seeks each at its own time. */
  follow() {
    const { video, before } = this;
    this.showTime();
    if (!this.on || !before.duration || before.seeking) return;
    const apart = Math.abs(before.currentTime - video.currentTime), wanted = Math.min(video.currentTime, before.duration - 0.001);
    if (video.paused || video.seeking) { before.pause(); if (apart > STEP_SECONDS / 10) before.currentTime = wanted; return; }
    if (before.paused) before.play().catch(() => {});
    if (apart > 3 * STEP_SECONDS) before.currentTime = wanted;
    else before.playbackRate = apart < STEP_SECONDS / 4 ? 1 : before.currentTime < video.currentTime ? 1.08 : 0.92; // a jump is seen, a little haste is not
  }

  tick() {
    if (!this.root.isConnected && this.seen) { this.life.abort(); return; }
    this.seen ||= this.root.isConnected;
    if (!this.video.paused) this.follow();
    requestAnimationFrame(() => this.tick());
  }

  showTime() {
    const { video } = this;
    if (!video.duration) return;
    this.scrub.value = String(video.currentTime / video.duration);
    this.time.textContent = `${video.currentTime.toFixed(1)} / ${video.duration.toFixed(1)} s`;
  }

  draw() {
    const face = (node, words, name) => { if (node.dataset.does !== words) { node.dataset.does = words; node.setAttribute("aria-label", words); node.title = words; if (name) node.replaceChildren(K.icon(name)); } };
    face(this.play, this.video.paused ? "Play" : "Pause", this.video.paused ? "play" : "pause");
    face(this.sound, this.video.muted ? "Sound on" : "Sound off", null);
    this.sound.setAttribute("aria-pressed", String(!this.video.muted));
  }
}
