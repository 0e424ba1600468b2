// The waveform with its ruler on a canvas: only the part in sight is drawn, so that a long voice can be stretched far.

const WAVE = 84, BAR = 3;

class Wave {
  constructor() { this.canvas = K.el("canvas", { class: "vt-wave" }); }

  /** Draws `width` CSS pixels from `left` on. scale: pixels a second. time: seconds that are played. */
  draw({ peaks, seconds, scale, left, width, time, stale }) {
    const { canvas } = this, context = cleared(canvas, width, RULER + WAVE), look = getComputedStyle(canvas), colour = (name) => look.getPropertyValue(name).trim();
    drawRuler(context, { seconds, scale, left, width, colour: colour("--vt-tick"), font: look.fontFamily });
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
}
