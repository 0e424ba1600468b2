// Plays the range in place: the followed clip with its masks, else the video's own file, else single frames as they come.

const STEP_RATE = 10;

class Playback {
  /** acts: moved(frame), changed(), source() -> {kind: "clip" | "file" | "steps", address, offset}, ready(frame), want(frame, options). */
  constructor(acts) {
    Object.assign(this, { acts, frames: 1, fps: 25, frame: 0, playing: false, film: null, broken: new Set() });
  }

  /** The video whose picture is the frame in sight, or null while single frames are shown. */
  get video() { return this.playing && this.kind !== "steps" && this.film?.readyState > 1 && !this.film.seeking ? this.film : null; }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  async play() {
    if (this.playing || this.frames < 2) return;
    if (this.frame >= this.frames - 1) this.seek(0);
    const { kind, address, offset } = this.acts.source(this.broken);
    Object.assign(this, { playing: true, kind, offset: offset ?? 0 });
    this.acts.changed();
    if (kind === "steps") { this.begun = performance.now(); this.from = this.frame; this.stepping(); return; }
    if (this.film?.dataset.address !== address) {
      this.film?.removeAttribute("src");
      this.film = K.el("video", { src: address, playsinline: true, preload: "auto", "data-address": address });
      this.film.muted = true;
      const { film } = this;
      film.addEventListener("error", () => { if (film === this.film) this.fallBack(address); });
    }
    try {
      const { film } = this;
      film.currentTime = this.offset + (this.frame + 0.01) / this.fps;
      await film.play();
      this.following();
    } catch (reason) {
      if (reason.name !== "AbortError") this.fallBack(address); // AbortError: paused again before it began
    }
  }

  /** The browser cannot play the file: frames are shown one by one instead. */
  fallBack(address) {
    this.broken.add(address);
    if (!this.playing) return;
    this.pause();
    this.play();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.film?.pause();
    this.acts.changed();
    this.acts.moved(this.frame);
  }

  seek(frame) {
    this.frame = clamp(Math.round(frame), 0, Math.max(0, this.frames - 1));
    if (this.playing && this.kind === "steps") { this.begun = performance.now(); this.from = this.frame; }
    else if (this.playing && this.film) this.film.currentTime = this.offset + (this.frame + 0.01) / this.fps;
    this.acts.moved(this.frame);
  }

  following() {
    if (!this.playing || this.kind === "steps") return;
    const { film } = this, frame = Math.floor((film.currentTime - this.offset) * this.fps + 0.02);
    if (film.ended || frame >= this.frames) film.currentTime = this.offset;
    if (film.ended) film.play().catch(() => {});
    this.frame = clamp(frame, 0, this.frames - 1);
    this.acts.moved(this.frame);
    requestAnimationFrame(() => this.following());
  }

  /** Shows frames that have come, at the clip's own pace where they come fast enough; waits for those that have not. */
  stepping() {
    if (!this.playing || this.kind !== "steps") return;
    const stride = Math.max(1, Math.round(this.fps / STEP_RATE)), due = this.from + ((performance.now() - this.begun) / 1000) * this.fps;
    let next = this.frame + stride;
    if (next >= this.frames) next = 0;
    this.acts.want(this.frame, { ahead: AHEAD_PLAYING, stride, last: this.frames - 1 });
    if ((due >= this.frame + stride || next === 0) && this.acts.ready(next)) {
      this.frame = next;
      if (next === 0 || due > next + stride) { this.from = next; this.begun = performance.now(); }
      this.acts.moved(this.frame);
    }
    requestAnimationFrame(() => this.stepping());
  }

  /** Another video: nothing plays, nothing is known of its files. */
  reset() {
    this.pause();
    this.film?.removeAttribute("src");
    this.film?.load();
    Object.assign(this, { film: null, frame: 0 });
    this.broken.clear();
  }
}
