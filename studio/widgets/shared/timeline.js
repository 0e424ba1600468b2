// Time on a canvas: clocks, a ruler, and the course of peaks. What lies under the ruler is the widget's business.

const RULER = 20, NARROW_TICKS = 58;
const STEPS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300];

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** Seconds as a clock: 0:03, 1:20; with tenths where asked. */
function clock(seconds, digits = 0) {
  const rounded = Number(seconds.toFixed(digits)), minutes = Math.floor(rounded / 60), rest = rounded - minutes * 60;
  return `${minutes}:${rest.toFixed(digits).padStart(digits ? 3 + digits : 2, "0")}`;
}

/** The canvas in device pixels for `width` x `height` CSS pixels, wiped; gives its context, which draws in CSS pixels. */
function cleared(canvas, width, height) {
  const context = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Ticks and clocks in the topmost RULER pixels. scale: pixels a second; left: pixels that are scrolled away. */
function drawRuler(context, { seconds, scale, left, width, colour, font }) {
  const step = STEPS.find((one) => one * scale >= NARROW_TICKS) ?? STEPS.at(-1), small = step / 5;
  context.fillStyle = colour;
  context.font = `11px ${font}`;
  context.textBaseline = "middle";
  for (let index = Math.max(0, Math.floor(left / scale / small)); index * small <= seconds + 1e-6; index += 1) {
    const x = index * small * scale - left, large = index % 5 === 0;
    if (x > width) break;
    context.fillRect(Math.round(x), large ? RULER - 7 : RULER - 3, 1, large ? 7 : 3);
    const words = clock(index * small, step < 1 ? (step < 0.1 ? 2 : 1) : 0);
    if (large && x + 4 + context.measureText(words).width < width) context.fillText(words, x + 4, RULER - 11);
  }
}

/** Lowest and highest of the peaks in [from, to), in between two of them their mean course. */
function extent(peaks, from, to) {
  const first = Math.floor(from), last = Math.min(peaks.length - 1, Math.ceil(to) - 1);
  if (last > first) return peaks.slice(first, last + 1).reduce(([low, high], [a, b]) => [Math.min(low, a), Math.max(high, b)], [0, 0]);
  const a = peaks[Math.min(first, peaks.length - 1)], b = peaks[Math.min(first + 1, peaks.length - 1)], share = from - first;
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
}
