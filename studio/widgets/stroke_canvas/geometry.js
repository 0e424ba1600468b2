"use strict";
// Plain geometry of strokes: lengths, simplifying, where a stroke is at a moment. Holds no state and no DOM.
// A point is [x, y, t]: fractions of the picture's width and height, and of the clip. Lengths are fractions of the longer side.

const MAX_POINTS = 200;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const rounded = (value) => Math.round(value * 1e5) / 1e5;
const smoothstep = (a) => a * a * (3 - 2 * a);

function distance(a, b, units) {
  return Math.hypot((a[0] - b[0]) * units[0], (a[1] - b[1]) * units[1]);
}

/** Running length at each point, starting with 0. */
function runningLength(points, units) {
  const total = [0];
  for (let i = 1; i < points.length; i++) total.push(total[i - 1] + distance(points[i - 1], points[i], units));
  return total;
}

function pathLength(points, units) {
  return runningLength(points, units).at(-1);
}

/** How far the middle point is from where the chord a-b would be at the middle point's time (Meratnia and de By 2004). */
function timedDeviation(p, a, b, units) {
  const span = b[2] - a[2];
  const share = span > 1e-9 ? (p[2] - a[2]) / span : 0.5;
  return distance(p, [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share], units);
}

/** Douglas-Peucker with the timed deviation: keeps pauses and changes of speed, not only corners. */
function simplifyPath(points, units, tolerance) {
  const keep = new Uint8Array(points.length);
  keep[0] = keep[points.length - 1] = 1;
  const open = [[0, points.length - 1]];
  while (open.length) {
    const [first, last] = open.pop();
    let worst = tolerance, at = -1;
    for (let i = first + 1; i < last; i++) {
      const off = timedDeviation(points[i], points[first], points[last], units);
      if (off > worst) { worst = off; at = i; }
    }
    if (at < 0) continue;
    keep[at] = 1;
    open.push([first, at], [at, last]);
  }
  return points.filter((_, i) => keep[i]);
}

/** The path with at most `limit` points; the tolerance starts at about a pixel of a 700 px picture and grows as needed. */
function simplifyToLimit(points, units, limit = MAX_POINTS) {
  let tolerance = 0.0014;
  let kept = points.length > 2 ? simplifyPath(points, units, tolerance) : points;
  while (kept.length > limit) { tolerance *= 1.5; kept = simplifyPath(points, units, tolerance); }
  return kept;
}

/** One pass of 1-2-1 averaging of places, ends kept: takes the shake of a hand out, not the shape. */
function steadied(points) {
  return points.map((p, i) => {
    if (i === 0 || i === points.length - 1) return p;
    const a = points[i - 1], b = points[i + 1];
    return [(a[0] + 2 * p[0] + b[0]) / 4, (a[1] + 2 * p[1] + b[1]) / 4, p[2]];
  });
}

/** Raw samples [x, y, milliseconds] as stroke points: waiting before the first and after the last move is cut, t runs 0..1. */
function timedPoints(samples, units) {
  const still = 0.002;
  let first = 0, last = samples.length - 1;
  while (first < last && distance(samples[first + 1], samples[0], units) < still) first++;
  while (last > first && distance(samples[last - 1], samples.at(-1), units) < still) last--;
  const kept = samples.slice(first, last + 1);
  if (kept.length < 2) return null;
  kept[0] = [samples[0][0], samples[0][1], kept[0][2]];
  const begin = kept[0][2], span = kept.at(-1)[2] - begin;
  const timed = kept.map((p, i) => [p[0], p[1], span > 0 ? (p[2] - begin) / span : i / (kept.length - 1)]);
  return simplifyToLimit(steadied(timed), units).map(cleanPoint);
}

/** The same path with times that make its speed even. */
function evenlyTimed(points, units) {
  const total = runningLength(points, units), whole = total.at(-1) || 1;
  return points.map((p, i) => cleanPoint([p[0], p[1], total[i] / whole]));
}

function cleanPoint(p) {
  return [rounded(clamp(p[0], 0, 1)), rounded(clamp(p[1], 0, 1)), rounded(clamp(p[2], 0, 1))];
}

const EASINGS = {
  drawn: null,
  even: (a) => a,
  ease: smoothstep,
  "ease-in": (a) => a * a,
  "ease-out": (a) => 1 - (1 - a) * (1 - a),
};

/** Where the stroke's head is at `phase` 0..1 of the clip: [x, y]. */
function placeAt(stroke, phase, units) {
  const points = stroke.points, easing = EASINGS[stroke.easing] || null;
  if (points.length === 1) return points[0];
  const marks = easing ? runningLength(points, units) : points.map((p) => p[2]);
  const target = easing ? easing(phase) * marks.at(-1) : phase;
  if (target <= marks[0]) return points[0];
  let i = 1;
  while (i < points.length - 1 && marks[i] < target) i++;
  const span = marks[i] - marks[i - 1];
  const share = span > 0 ? clamp((target - marks[i - 1]) / span, 0, 1) : 1;
  const a = points[i - 1], b = points[i];
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
}

/** Shortest distance from a place to the path. */
function distanceToPath(place, points, units) {
  let best = distance(place, points[0], units);
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1], b = points[i];
    const dx = (b[0] - a[0]) * units[0], dy = (b[1] - a[1]) * units[1], square = dx * dx + dy * dy;
    if (square === 0) continue;
    const along = clamp((((place[0] - a[0]) * units[0]) * dx + ((place[1] - a[1]) * units[1]) * dy) / square, 0, 1);
    best = Math.min(best, distance(place, [a[0] + (b[0] - a[0]) * along, a[1] + (b[1] - a[1]) * along], units));
  }
  return best;
}

/** The path with more points put in, so that none are further than `step` apart; times run on evenly between the old ones. */
function denser(points, step, units) {
  return points.flatMap((b, i) => {
    if (!i) return [b];
    const a = points[i - 1], parts = Math.max(1, Math.ceil(distance(a, b, units) / step));
    return Array.from({ length: parts }, (_, k) => a.map((v, axis) => v + ((b[axis] - v) * (k + 1)) / parts));
  });
}

/** `count` places evenly along the path, both ends among them, that can be dragged: lengths from the start. */
function handleLengths(points, units, count) {
  const whole = pathLength(points, units);
  return points.length === 1 || whole === 0 ? [0] : Array.from({ length: count }, (_, k) => (whole * k) / (count - 1));
}

/** The place at `length` from the start of the path. */
function placeAtLength(points, length, units) {
  const total = runningLength(points, units);
  let i = 1;
  while (i < points.length - 1 && total[i] < length) i++;
  if (points.length === 1) return points[0];
  const span = total[i] - total[i - 1], share = span > 0 ? clamp((length - total[i - 1]) / span, 0, 1) : 0;
  return points[i].map((v, axis) => points[i - 1][axis] + (v - points[i - 1][axis]) * share);
}

/** The path with the place at `length` moved by (dx, dy); the path up to `reach` on both sides follows, less the further away. */
function bend(points, length, reach, dx, dy, units) {
  if (points.length === 1) return [cleanPoint([points[0][0] + dx, points[0][1] + dy, points[0][2]])];
  const dense = denser(points, 0.01, units), total = runningLength(dense, units);
  const moved = dense.map((p, i) => {
    const weight = smoothstep(clamp(1 - Math.abs(total[i] - length) / reach, 0, 1));
    return cleanPoint([p[0] + dx * weight, p[1] + dy * weight, p[2]]);
  });
  return simplifyToLimit(moved, units);
}

/** The path moved as a whole; the move is shortened so that no point leaves the picture. */
function shifted(points, dx, dy) {
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const mx = clamp(dx, -Math.min(...xs), 1 - Math.max(...xs)), my = clamp(dy, -Math.min(...ys), 1 - Math.max(...ys));
  return points.map((p) => cleanPoint([p[0] + mx, p[1] + my, p[2]]));
}

/** Points along the path, at most `step` apart. */
function spaced(points, step, units) {
  const placed = [points[0]];
  for (let i = 1; i < points.length; i++) {
    const from = placed.at(-1), far = distance(from, points[i], units);
    if (far < step && i < points.length - 1) continue;
    const parts = Math.max(1, Math.ceil(far / step));
    for (let k = 1; k <= parts; k++) placed.push([from[0] + (points[i][0] - from[0]) * (k / parts), from[1] + (points[i][1] - from[1]) * (k / parts)]);
  }
  return placed;
}
