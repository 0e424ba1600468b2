// Strokes as text and back: the same rules as the request's Stroke, with messages that name the wrong place.

const STROKE_KINDS = ["move", "pin"];
const STROKE_TAKES = ["auto", "thing", "background"];
const STROKE_EASINGS = Object.keys(EASINGS);
const MAX_STROKES = 64;
const MAX_GIVEN_POINTS = 4000;
const MAX_RADIUS = 0.5;
const DEFAULT_RADIUS = 0.03;

/** A stroke with every field present. */
function fullStroke(given) {
  return {
    kind: given.kind || "move", radius: given.radius ?? DEFAULT_RADIUS, points: given.points,
    on: given.on || "auto", easing: given.easing || "drawn", area: given.area?.length ? given.area : null,
  };
}

/** Strokes as JSON, one stroke a line, so that a person can read and change them. */
function strokesToText(strokes) {
  return strokes.length ? "[\n" + strokes.map((s) => "  " + JSON.stringify(s)).join(",\n") + "\n]" : "[]";
}

/** The strokes that `text` describes. Throws an Error whose message is one sentence for the person who typed it. */
function strokesFromText(text) {
  let given;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is not JSON yet: ${error.message}.`);
  }
  if (given && !Array.isArray(given) && Array.isArray(given.strokes)) given = given.strokes;
  if (!Array.isArray(given)) throw new Error("Strokes are a list: start with [ and end with ].");
  if (given.length > MAX_STROKES) throw new Error(`${given.length} strokes are too many: use at most ${MAX_STROKES}.`);
  return given.map((stroke, i) => checkedStroke(stroke, `Stroke ${i + 1}`));
}

function checkedStroke(given, name) {
  if (!given || typeof given !== "object" || Array.isArray(given)) throw new Error(`${name} is not an object like {"kind": "move", "points": [...]}.`);
  for (const key of Object.keys(given)) {
    if (!["kind", "radius", "points", "on", "easing", "area"].includes(key)) throw new Error(`${name} has an unknown field "${key}": remove it.`);
  }
  const oneOf = (key, allowed) => {
    if (given[key] != null && !allowed.includes(given[key])) throw new Error(`${name}: ${key} is ${JSON.stringify(given[key])}, use one of ${allowed.join(", ")}.`);
  };
  oneOf("kind", STROKE_KINDS);
  oneOf("on", STROKE_TAKES);
  oneOf("easing", STROKE_EASINGS);
  if (given.radius != null && !(typeof given.radius === "number" && given.radius > 0 && given.radius <= MAX_RADIUS)) {
    throw new Error(`${name}: radius is ${JSON.stringify(given.radius)}, use more than 0 and at most ${MAX_RADIUS}.`);
  }
  const points = checkedPoints(given.points, name, "point");
  if ((given.kind || "move") === "move" && points.length < 2) throw new Error(`${name}: a move stroke needs at least two points.`);
  for (let i = 1; i < points.length; i++) {
    if (points[i][2] < points[i - 1][2]) throw new Error(`${name}, point ${i + 1}: t falls from ${points[i - 1][2]} to ${points[i][2]}, times must not fall.`);
  }
  const area = given.area == null ? null : checkedPoints(given.area, name, "area point");
  return fullStroke({ ...given, points, area });
}

function checkedPoints(given, name, word) {
  if (!Array.isArray(given) || !given.length) throw new Error(`${name} has no ${word}s: give [[x, y, t], ...].`);
  if (given.length > MAX_GIVEN_POINTS) throw new Error(`${name} has ${given.length} ${word}s: use at most ${MAX_GIVEN_POINTS}.`);
  const untimed = given.every((p) => Array.isArray(p) && p.length === 2);
  return given.map((p, i) => {
    const where = `${name}, ${word} ${i + 1}`;
    if (!Array.isArray(p) || p.length !== (untimed ? 2 : 3)) throw new Error(`${where} is not [x, y, t].`);
    const full = untimed ? [...p, i / Math.max(given.length - 1, 1)] : p;
    full.forEach((value, k) => {
      if (typeof value !== "number" || !(value >= 0 && value <= 1)) throw new Error(`${where}: ${"xyt"[k]} is ${JSON.stringify(value)}, it must be from 0 to 1.`);
    });
    return cleanPoint(full);
  });
}
