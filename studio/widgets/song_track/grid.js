// Beats put right by hand, as corrections of what was heard: the studio applies them. Holds no DOM; a correction is never changed in place.

const PLAIN = { factor: 1, nudge: 0, taps: [], moved: [], downbeat: null, meter: null };
const FEWEST_TAPS = 4, NUDGE = 0.01, FAR_NUDGE = 0.05, LONGEST_SONG = 1200;

const millis = (value) => Math.round(value * 1000) / 1000;

/** Index of the value nearest to `at` in a rising list; -1 in an empty one. */
function nearest(list, at) {
  let low = 0, high = list.length - 1;
  if (high < 0) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (list[middle] <= at) low = middle;
    else high = middle;
  }
  return Math.abs(list[low] - at) <= Math.abs(list[high] - at) ? low : high;
}

/** The next value of a rising list after `at` (way 1) or before it (way -1), or null. */
function beyond(list, at, way) {
  const close = 0.004;
  if (way > 0) return list.find((one) => one > at + close) ?? null;
  for (let index = list.length - 1; index >= 0; index -= 1) if (list[index] < at - close) return list[index];
  return null;
}

const Grid = {
  plain: (grid) => ({ ...PLAIN, ...grid }),

  untouched: (grid) => JSON.stringify(Grid.plain(grid)) === JSON.stringify(PLAIN),

  tapped: (grid) => grid.taps.length >= FEWEST_TAPS,

  /** Twice or half as many beats. Taps are laid anew, because beats follow them rather than what was heard. Null where the limit is reached. */
  times(grid, by) {
    if (!Grid.tapped(grid)) {
      const factor = grid.factor * by;
      return factor < 0.25 || factor > 4 ? null : { ...grid, factor };
    }
    const { taps } = grid;
    if (by > 1) return { ...grid, taps: taps.flatMap((tap, index) => (index ? [millis((taps[index - 1] + tap) / 2), tap] : [tap])) };
    const period = (2 * (taps.at(-1) - taps[0])) / (taps.length - 1), half = taps.filter((_, index) => index % 2 === 0);
    while (half.length < FEWEST_TAPS) half.push(millis(half.at(-1) + period));
    return { ...grid, taps: half };
  },

  /** All beats later by so many seconds, with everything that was said of single ones. */
  nudge(grid, by) {
    const later = (at) => clamp(millis(at + by), 0, LONGEST_SONG), all = { moved: grid.moved.map((pair) => pair.map(later)), downbeat: grid.downbeat === null ? null : later(grid.downbeat) };
    // Beats through taps are the heard ones where these fit, else a pulse through the taps themselves: both go along.
    const nudge = millis(grid.nudge + by), taps = grid.taps.map(later);
    return Math.abs(nudge) > 1 ? null : { ...grid, ...all, nudge, taps };
  },

  /** Beats through what was tapped: earlier corrections of single beats no longer fit. */
  through: (grid, taps) => ({ ...PLAIN, meter: grid.meter, taps: [...taps].sort((a, b) => a - b).map(millis) }),

  /** The beat that stands at `from` goes to `to`. */
  move(grid, from, to) {
    const earlier = grid.moved.find(([, now]) => Math.abs(now - from) < 0.002), origin = earlier ? earlier[0] : from, rest = grid.moved.filter((pair) => pair !== earlier);
    return { ...grid, moved: Math.abs(origin - to) < 0.0005 ? rest : [...rest, [millis(origin), millis(to)]] };
  },

  bar: (grid, at) => ({ ...grid, downbeat: millis(at) }),

  meter: (grid, meter) => ({ ...grid, meter }),
};
