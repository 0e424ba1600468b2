// The seven points that a hand can move, their words, and the mesh as SVG paths. Left and right are those of the picture.

const K = window.kinora;
const WORDS = {
  eye_left: "left eye", eye_right: "right eye", mouth_left: "left mouth corner", mouth_right: "right mouth corner", lip_top: "upper lip", lip_bottom: "lower lip", chin: "chin",
};
const FOUR = ["eye_left", "eye_right", "mouth_left", "mouth_right"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const fraction = (value) => Math.round(clamp(Number(value) || 0, 0, 1) * 1e4) / 1e4;
const capital = (words) => words[0].toUpperCase() + words.slice(1);
const whereSaid = ([x, y]) => `${Math.round(x * 100)} % across, ${Math.round(y * 100)} % down`;

/** An SVG node with attributes. */
function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Path data of polylines through `points` (fractions), in units of 1000 to the picture's side. */
function linesPath(points, lines) {
  const at = (index) => `${(points[index][0] * 1000).toFixed(1)} ${(points[index][1] * 1000).toFixed(1)}`;
  return lines.map((line) => line.filter((index) => points[index]).map((index, n) => (n ? "L" : "M") + at(index)).join("")).join("");
}

/** Path data of dots: lines of no length, which round ends make visible at any scale. */
function dotsPath(points) {
  return points.map(([x, y]) => `M${(x * 1000).toFixed(1)} ${(y * 1000).toFixed(1)}h0`).join("");
}

/** The part of the picture that shows a face with room around it: `{scale, x, y}`, x and y the left upper corner in fractions. */
function zoomOn([x, y, width, height]) {
  const scale = clamp(0.5 / Math.max(width, height), 1, 8), side = 1 / scale;
  return { scale, x: clamp(x + width / 2 - side / 2, 0, 1 - side), y: clamp(y + height / 2 - side / 2, 0, 1 - side) };
}
