// The waveform with its ruler on a canvas: only the part in sight is drawn, so that a long voice can be stretched far.

const RULER = 20, WAVE = 84, BAR = 3, NARROW_TICKS = 58;
const STEPS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300];

/** Seconds as a clock: 0:03, 1:20; with tenths where asked. */
function clock(seconds, digits = 0) {
  const rounded = Number(seconds.toFixed(digits)), minutes = Math.floor(rounded / 60), rest = rounded - minutes * 60;
  return `${minutes}:${rest.toFixed(digits).padStart(digits ? 3 + digits : 2, "0")}`;
}

class Wave {
  constructor() {
    this.canvas = K.el("canvas", { class: "vt-wave" });
    this.context = this.canvas.getContext("2d");
  }

  /** Draws `width` CSS pixels from `left` on. scale: pixels a second. time: seconds that are played. */
  draw({ peaks, seconds, scale, left, width, time, stale }) {
    const { canvas, context } = this, ratio = window.devicePixelRatio || 1, height = RULER + WAVE;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    }
    const look = getComputedStyle(canvas), colour = (name) => look.getPropertyValue(name).trim();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.ruler({ seconds, scale, left, width, colour, look });
    if (!peaks?.length) return;
    const top = Math.max(0.05, ...peaks.map(([low, high]) => Math.max(-low, high))), middle = RULER + WAVE / 2, first = Math.floor(left / BAR), span = seconds / peaks.length;
    context.globalAlpha = stale ? 0.35 : 1;
    for (let bar = first; bar * BAR < left + width; bar += 1) {
      const from = (bar * BAR) / scale, to = ((bar + 1) * BAR) / scale;
      if (from >= seconds) break;
      const [low, high] = extent(peaks, from / span, to / span);
      const up = Math.max(0.8, (high / top) * (WAVE / 2 - 4)), down = Math.max(0.8, (-low / top) * (WAVE / 2 - 4));
      context.fillStyle = to <= time ? colour("--vt-played") : colour("--vt-ahead");
      context.fillRect(bar * BAR - left, middle - up, BAR - 1, up + down);
    }
    context.globalAlpha = 1;
  }

  ruler({ seconds, scale, left, width, colour, look }) {
    const { context } = this, step = STEPS.find((one) => one * scale >= NARROW_TICKS) ?? STEPS.at(-1), small = step / 5;
    context.fillStyle = colour("--vt-tick");
    context.font = `11px ${look.fontFamily}`;
    context.textBaseline = "middle";
    for (let index = Math.max(0, Math.floor(left / scale / small)); index * small <= seconds + 1e-6; index += 1) {
      const x = index * small * scale - left, large = index % 5 === 0;
      if (x > width) break;
      context.fillRect(Math.round(x), large ? RULER - 7 : RULER - 3, 1, large ? 7 : 3);
      const words = clock(index * small, step < 1 ? (step < 0.1 ? 2 : 1) : 0);
      if (large && x + 4 + context.measureText(words).width < width) context.fillText(words, x + 4, RULER - 11);
    }
  }
}

/** Lowest and highest of the peaks in [from, to), in between two of them their mean course. */
function extent(peaks, from, to) {
  const first = Math.floor(from), last = Math.min(peaks.length - 1, Math.ceil(to) - 1);
  if (last > first) return peaks.slice(first, last + 1).reduce(([low, high], [a, b]) => [Math.min(low, a), Math.max(high, b)], [0, 0]);
  const a = peaks[Math.min(first, peaks.length - 1)], b = peaks[Math.min(first + 1, peaks.length - 1)], share = from - first;
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
}
