// Plays a sound and knows the moment: the cursor is here also when the browser cannot play the file.

class Player {
  /** acts: moved() while the moment changes, changed() when playing starts, ends or fails. */
  constructor(acts) {
    Object.assign(this, { acts, sound: new Audio(), time: 0, seconds: 0, able: false, blob: null });
    this.sound.preload = "metadata";
    this.sound.addEventListener("ended", () => this.pause());
    this.sound.addEventListener("error", () => { if (this.sound.getAttribute("src")) { this.able = false; this.pause(); acts.failed(); } });
    this.sound.addEventListener("loadedmetadata", () => { if (this.time) this.sound.currentTime = this.time; });
  }

  get playing() { return this.able && !this.sound.paused; }

  /** Another sound: its address (a data URL becomes a blob, in which browsers can seek), and its length when known. */
  async load(address, seconds = 0) {
    const serial = this.serial = (this.serial ?? 0) + 1;
    this.sound.pause();
    Object.assign(this, { time: 0, seconds, able: Boolean(address) });
    if (this.blob) URL.revokeObjectURL(this.blob);
    this.blob = null;
    if (address?.startsWith("data:")) {
      const blob = await (await fetch(address)).blob();
      if (serial !== this.serial) return;
      address = this.blob = URL.createObjectURL(blob);
    }
    if (address) this.sound.src = address;
    else { this.sound.removeAttribute("src"); this.sound.load(); }
    this.acts.changed();
  }

  async play() {
    if (!this.able) return;
    if (this.time >= this.seconds - 0.02) this.seek(0);
    try { await this.sound.play(); } catch { return; } // paused again before it began, or the error event has told
    this.acts.changed();
    this.follow();
  }

  pause() {
    this.sound.pause();
    this.acts.changed();
  }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  seek(time) {
    this.time = clamp(time, 0, this.seconds);
    if (this.sound.readyState > 0) this.sound.currentTime = this.time;
    this.acts.moved();
  }

  follow() {
    if (!this.playing) return;
    this.time = Math.min(this.sound.currentTime, this.seconds || this.sound.currentTime);
    this.acts.moved();
    requestAnimationFrame(() => this.follow());
  }

  stop() {
    this.load(null);
  }
}
