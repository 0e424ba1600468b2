// Pictures and masks of single frames, asked for one at a time: the frame in sight first, then those ahead. What the marks have made old is asked anew when it is seen.

const KEPT_FRAMES = 90;
const AHEAD_PLAYING = 14;
const FRAME_LIMIT_MS = 30000;

class Frames {
  /** read(question) is the server's, or null. acts: question(frame), came(frame), failed(line), waiting(on). */
  constructor(read, acts) {
    Object.assign(this, { read, acts, known: new Map(), wanted: null, ahead: 0, busy: false, epoch: 0, print: "", ids: [], failedAt: "" });
  }

  /** Another video or range: what was known is gone. */
  reset() {
    this.epoch += 1;
    this.known.clear();
    this.wanted = null;
    this.failedAt = "";
  }

  /** print: what masks depend on; ids: the subjects in the order of their numbers. */
  follow(print, ids) { Object.assign(this, { print, ids }); }

  get(frame) { return this.known.get(frame) ?? null; }

  fresh(frame) { return this.known.get(frame)?.print === this.print; }

  /** last: the clip's last frame; ahead: how many after it are wanted, too; stride: from one to the next. */
  want(frame, { ahead = 0, stride = 1, last = 0 } = {}) {
    if (frame !== this.wanted) this.failedAt = "";
    Object.assign(this, { wanted: frame, ahead, stride, last });
    this.pump();
  }

  next() {
    if (this.wanted === null) return null;
    for (let index = 0; index <= this.ahead; index += 1) {
      const frame = (this.wanted + index * (this.stride ?? 1)) % (this.last + 1);
      if (!this.fresh(frame)) return frame;
    }
    return null;
  }

  async pump() {
    if (this.busy || !this.read) return;
    const frame = this.next(), { epoch, print, ids } = this;
    if (frame === null || this.failedAt === `${frame} ${print}`) return;
    this.busy = true;
    this.acts.waiting(true);
    let answer;
    try {
      answer = await within(FRAME_LIMIT_MS, this.read(this.acts.question(frame))) ?? { error: NO_ANSWER };
      if (!answer.error) answer = await this.unpacked(answer, print, ids);
    } catch { answer = { error: NO_ANSWER }; }
    this.busy = false;
    this.acts.waiting(false);
    if (epoch === this.epoch) {
      if (answer.error) { this.failedAt = `${frame} ${print}`; this.acts.failed(String(answer.error)); }
      else { this.keep(frame, answer); this.acts.came(frame); }
    }
    this.pump();
  }

  async unpacked({ picture, labels, subjects, seconds }, print, ids) {
    const [image, mask] = await Promise.all([loaded(picture), labels ? greys(labels) : null]);
    return { image, labels: mask?.pixels ?? null, width: mask?.width ?? image.naturalWidth, height: mask?.height ?? image.naturalHeight, subjects: subjects ?? [], seconds, print, ids };
  }

  keep(frame, entry) {
    this.known.delete(frame);
    this.known.set(frame, entry);
    while (this.known.size > KEPT_FRAMES) this.known.delete([...this.known.keys()].find((key) => key !== this.wanted));
  }

  /** The mask that marks just made, laid into the frame's labels: nothing else of the frame has changed. */
  lay(frame, id, { pixels, width, height }, print, ids, told) {
    const entry = this.known.get(frame), number = ids.indexOf(id) + 1;
    if (!entry || !number) return;
    const same = entry.labels && entry.width === width && entry.height === height, labels = new Uint8Array(width * height);
    if (same) entry.labels.forEach((value, at) => { const known = entry.ids[value - 1]; labels[at] = known && known !== id ? ids.indexOf(known) + 1 : 0; });
    pixels.forEach((value, at) => { if (value > 127) labels[at] = number; });
    const subjects = ids.map((one) => (one === id ? told : entry.subjects[entry.ids.indexOf(one)] ?? { present: false, confidence: 0, source: "none" }));
    this.keep(frame, { ...entry, labels, width, height, subjects, ids, print });
  }
}

/** An image that is there. */
async function loaded(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

/** The grey values of a picture, row by row. */
async function greys(address) {
  const image = await loaded(address), { naturalWidth: width, naturalHeight: height } = image;
  const canvas = K.el("canvas", { width, height }), context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height), pixels = new Uint8Array(width * height);
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = data[at * 4];
  return { pixels, width, height };
}
