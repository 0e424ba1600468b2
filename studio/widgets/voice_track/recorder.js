// The microphone: level while it records, a limit, and a WAV at the end, which every browser plays and seeks in.

const LONGEST_SECONDS = 300;

class Recorder {
  /** acts: taken(file), refused(sentence), changed(). */
  constructor(acts) {
    this.acts = acts;
    this.bar = K.el("i");
    this.time = K.el("b", { class: "vt-clock" }, "0:00");
    this.stopper = K.button("Stop and use it", () => this.stop(true), { name: "stop", kind: "danger", text: true });
    this.root = K.el("div", { class: "vt-recorder", hidden: true },
      K.el("span", { class: "vt-light", "aria-hidden": "true" }), this.time, K.el("div", { class: "kin-bar vt-level", role: "meter", "aria-label": "Level", "aria-valuemin": "0", "aria-valuemax": "100" }, this.bar),
      this.stopper, K.button("Drop it", () => this.stop(false), { name: "close", text: true }));
    this.serial = 0;
  }

  static get possible() { return Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder); }

  get on() { return !this.root.hidden; }

  async start() {
    const serial = ++this.serial;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
      if (serial !== this.serial) { stream.getTracks().forEach((track) => track.stop()); return; }
      this.stream = stream;
    } catch (error) {
      const why = error.name === "NotAllowedError" ? "The microphone was not allowed: allow it in the browser's address bar" : error.name === "NotFoundError" ? "No microphone was found" : "The microphone does not start: another program may hold it";
      this.acts.refused(`${why}, or choose a file.`);
      return;
    }
    this.parts = [];
    this.machine = new MediaRecorder(this.stream);
    this.machine.addEventListener("dataavailable", (event) => { if (event.data.size) this.parts.push(event.data); });
    this.machine.start(1000);
    this.context = new AudioContext();
    const ear = this.context.createAnalyser();
    ear.fftSize = 1024;
    this.context.createMediaStreamSource(this.stream).connect(ear);
    this.root.hidden = false;
    this.begun = performance.now();
    this.watch(ear, new Float32Array(ear.fftSize));
    this.acts.changed();
    this.stopper.focus({ preventScroll: true });
  }

  watch(ear, samples) {
    if (!this.on) return;
    const seconds = (performance.now() - this.begun) / 1000;
    ear.getFloatTimeDomainData(samples);
    const loudness = Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length), level = clamp(1 + Math.log10(Math.max(loudness, 1e-5)) / 2.2, 0, 1);
    this.bar.style.width = `${level * 100}%`;
    this.bar.parentNode.setAttribute("aria-valuenow", String(Math.round(level * 100)));
    K.write(this.time, `${clock(seconds)} of ${clock(LONGEST_SECONDS)}`);
    if (seconds >= LONGEST_SECONDS) { this.stop(true); return; }
    setTimeout(() => this.watch(ear, samples), 60);
  }

  /** Ends the recording; keep: it becomes the voice. */
  async stop(keep) {
    this.serial += 1;
    if (!this.on) return;
    const { machine, stream, context } = this, ended = new Promise((resolve) => { machine.addEventListener("stop", resolve, { once: true }); });
    this.root.hidden = true;
    machine.stop();
    await ended;
    stream.getTracks().forEach((track) => track.stop());
    if (keep) {
      const blob = new Blob(this.parts, { type: machine.mimeType });
      try {
        this.acts.taken(new File([wavOf(await context.decodeAudioData(await blob.arrayBuffer()))], "recording.wav", { type: "audio/wav" }));
      } catch { this.acts.refused("Nothing was heard: check that the microphone is the right one, and record again."); }
    }
    context.close();
    this.acts.changed();
  }
}

/** The sound as a mono 16-bit WAV file. */
function wavOf(sound) {
  const { length, sampleRate, numberOfChannels: channels } = sound, data = new DataView(new ArrayBuffer(44 + length * 2)), all = Array.from({ length: channels }, (_, index) => sound.getChannelData(index));
  const text = (at, words) => [...words].forEach((letter, index) => data.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF"); data.setUint32(4, 36 + length * 2, true); text(8, "WAVEfmt "); data.setUint32(16, 16, true); data.setUint16(20, 1, true); data.setUint16(22, 1, true);
  data.setUint32(24, sampleRate, true); data.setUint32(28, sampleRate * 2, true); data.setUint16(32, 2, true); data.setUint16(34, 16, true); text(36, "data"); data.setUint32(40, length * 2, true);
  for (let index = 0; index < length; index += 1) {
    const value = all.reduce((sum, one) => sum + one[index], 0) / channels;
    data.setInt16(44 + index * 2, clamp(Math.round(value * 32767), -32768, 32767), true);
  }
  return data;
}
