// What the choices of an interval are called and look like.

const K = window.kinora;

const PATTERNS = {
  transition: { word: "Transition", icon: "M3 17c6 0 8-10 18-10M21 7l-4-3M21 7l-3 4", says: "Goes from the start picture to the end picture." },
  hold: { word: "Hold", icon: "M3 12h4l2-6 3 12 3-9 1.5 3H21", says: "Stays with its subject, which pulses." },
  cut: { word: "Cut", icon: "M4 17h6V7h5v10h5", says: "Changes between both pictures on every first beat of a bar." },
  freeze: { word: "Freeze", icon: "M8 5v14M16 5v14", says: "Shows the start picture, still." },
};
const DRIVERS = { percussive: "percussion", bass: "bass", voice: "voice", level: "full level", beats: "beats only", linear: "time alone (linear)" };
const TARGETS = { progress: "the way between both pictures", zoom: "zoom", shake: "shake", brightness: "brightness", colour: "colour", guidance: "how strictly the prompt is followed", motion: "the subject's motion" };
const BANDS = { bass: "bass", voice: "voice", percussive: "percussion" };

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** An icon of a pattern; the page's own icons have no such shapes. */
function patternIcon(pattern) {
  const svg = K.icon("minus");
  svg.firstChild.setAttribute("d", PATTERNS[pattern]?.icon ?? "M5 12h14");
  return svg;
}

/** "bass moves the zoom" as a sentence. */
function movesSaid({ driver, target, pattern }) {
  if (pattern === "freeze") return PATTERNS.freeze.says;
  const what = { percussive: "Percussion moves", bass: "The bass moves", voice: "The voice moves", level: "Loudness moves", beats: "Each beat moves", linear: "Time alone moves" }[driver] ?? `${driver} moves`;
  const it = { progress: "the way between both pictures", zoom: "the zoom", shake: "a shake", brightness: "the brightness", colour: "the colours", guidance: "how strictly the prompt is followed", motion: "the subject" }[target] ?? target;
  return `${what} ${it}. ${PATTERNS[pattern]?.says ?? ""}`;
}

/** A button of few words whose whole meaning is in its label. */
function worded(words, label, act, name = null) {
  const node = K.button(label, act, { name });
  node.replaceChildren(...(name ? [K.icon(name)] : []), K.el("span", {}, words));
  return node;
}
