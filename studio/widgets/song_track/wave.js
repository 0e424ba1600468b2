// The song on a canvas: ruler, beats with bar numbers, and the waveform in the colours of its bands. Only the part in sight is drawn.

const BEAT_ROW = 20, SONG_WAVE = 92, COLUMN = 2, NARROW_BARS = 26, NARROW_BEATS = 7;

class SongWave {
  constructor() { this.canvas = K.el("canvas", { class: "so-wave" }); }

  get height() { return RULER + BEAT_ROW + SONG_WAVE; }

  /** Draws `width` CSS pixels from `left` on. look: what the studio heard; held: {from, to} of a beat in the hand, or null. */
  draw({ look, scale, left, width, held }) {
    const { canvas } = this, context = cleared(canvas, width, this.height), style = getComputedStyle(canvas), colour = (name) => style.getPropertyValue(name).trim();
    drawRuler(context, { seconds: look.seconds, scale, left, width, colour: colour("--so-tick"), font: style.fontFamily });
    this.bands(context, look, scale, left, width, colour);
    this.beats(context, look, scale, left, width, colour, style.fontFamily, held);
  }

  bands(context, { peaks, bands, seconds }, scale, left, width, colour) {
    if (!peaks.length) return;
    const middle = RULER + BEAT_ROW + SONG_WAVE / 2, half = SONG_WAVE / 2 - 3, span = seconds / peaks.length, names = Object.keys(BANDS), hues = names.map((name) => colour(`--so-${name}`));
    for (let column = Math.floor(left / COLUMN); column * COLUMN < left + width; column += 1) {
      const from = (column * COLUMN) / scale, to = ((column + 1) * COLUMN) / scale;
      if (from >= seconds) break;
      const [low, high] = extent(peaks, from / span, to / span), amounts = names.map((name) => strongest(bands[name], from / seconds, to / seconds) ** 1.4 + 0.02), sum = amounts[0] + amounts[1] + amounts[2];
      let inner = 0;
      // From the middle outwards: what sticks out are the hits.
      amounts.forEach((amount, index) => {
        const outer = inner + amount / sum, up = Math.max(0.6, high * half), down = Math.max(0.6, -low * half);
        context.fillStyle = hues[index];
        context.fillRect(column * COLUMN - left, middle - up * outer, COLUMN - 0.5, up * (outer - inner));
        context.fillRect(column * COLUMN - left, middle + down * inner, COLUMN - 0.5, down * (outer - inner));
        inner = outer;
      });
    }
  }

  beats(context, { beats, downbeats, seconds }, scale, left, width, colour, font, held) {
    const top = RULER, bottom = RULER + BEAT_ROW, firsts = new Set(downbeats.map(millis)), inSight = (at) => at * scale >= left - 30 && at * scale <= left + width + 4;
    const between = beats.length > 1 ? ((beats.at(-1) - beats[0]) / (beats.length - 1)) * scale : 99;
    context.fillStyle = colour("--so-beat");
    if (between >= NARROW_BEATS) for (const beat of beats) if (inSight(beat) && !firsts.has(millis(beat)) && beat !== held?.from) context.fillRect(Math.round(beat * scale - left), bottom - 7, 1, 7);
    const apart = downbeats.length > 1 ? ((downbeats.at(-1) - downbeats[0]) / (downbeats.length - 1)) * scale : 99, every = [1, 2, 4, 8, 16, 32, 64].find((step) => step * apart >= NARROW_BARS) ?? 128;
    context.font = `600 10px ${font}`;
    downbeats.forEach((at, index) => {
      if (!inSight(at) || at === held?.from || at > seconds) return;
      const x = Math.round(at * scale - left), named = index % every === 0;
      context.fillStyle = colour("--so-bar");
      if (named || apart >= 5) context.fillRect(x, named ? top + 4 : bottom - 11, named ? 1.5 : 1, bottom - top - (named ? 4 : 9));
      if (named) context.fillText(String(index + 1), x + 4, top + 9);
      if (apart < 12 && !named) return;
      context.fillStyle = colour("--so-through");
      context.fillRect(x, bottom, 1, SONG_WAVE);
    });
    if (held) { context.fillStyle = colour("--so-held"); context.fillRect(Math.round(held.to * scale - left) - 1, top, 3, BEAT_ROW + SONG_WAVE); }
  }
}

/** The greatest value of a curve between two shares of its length. */
function strongest(curve, from, to) {
  if (!curve?.length) return 0;
  const first = clamp(Math.floor(from * curve.length), 0, curve.length - 1), last = Math.max(first + 1, Math.min(curve.length, Math.ceil(to * curve.length)));
  let most = 0;
  for (let at = first; at < last; at += 1) most = Math.max(most, curve[at]);
  return most;
}
