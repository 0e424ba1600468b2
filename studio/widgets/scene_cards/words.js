// What the storyboard says, small controls that every part of it uses, and how long a line takes to say.

const WORDS_A_SECOND = 2.3;
const LETTERS_A_WORD = 5.5; // of scripts that put no spaces between words, a sign counts as half a word

const SOURCES = { text: "Made from the prompt", head: "A face that says the line", library: "A clip from the library", file: "A video of yours", picture: "A picture of yours" };
const BADGES = { made: "Made", new: "Not made yet", changed: "Changed", making: "Making", waiting: "Waiting", failed: "Failed", given: "Ready" };
const GLYPHS = {
  grip: "M9 5h.01M15 5h.01M9 12h.01M15 12h.01M9 19h.01M15 19h.01", lock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3", unlock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 5.6-1.5",
  dice: "M7 4h10a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3zM8.5 8.5h.01M15.5 8.5h.01M12 12h.01M8.5 15.5h.01M15.5 15.5h.01", copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  split: "M12 3v4M12 10v4M12 17v4M8 8l-4 4 4 4M16 8l4 4-4 4", speech: "M4 5h16v11H10l-5 4v-4H4z", film: "M3 5h18v14H3zM3 9h18M3 15h18M8 5v14M16 5v14",
};

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const tenth = (value) => Math.round(value * 10) / 10;

/** An icon of the page's own kind, from a path that only this widget needs. */
const glyph = (name) => drawnIcon(GLYPHS[name]);

/** A button with one of this widget's icons. */
function act(label, does, name, { text = "", kind = "" } = {}) {
  const node = K.button(label, does, { kind });
  node.replaceChildren(GLYPHS[name] ? glyph(name) : K.icon(name), text ? K.el("span", {}, text) : "");
  return node;
}

/** How a button looks now, without touching what did not change: a press on it must not be lost. */
function face(node, label, name) {
  if (node.dataset.does === label) return;
  node.dataset.does = label;
  node.setAttribute("aria-label", label);
  node.title = label;
  node.firstChild.replaceWith(GLYPHS[name] ? glyph(name) : K.icon(name));
}

/** A control under its label. */
const labelled = (label, control, kind = "") => K.el("label", { class: `sb-field ${kind}` }, K.el("span", { class: "kin-muted" }, label), control);

/** Puts a value into a control, unless a hand is in it. */
function fill(control, value) {
  const text = String(value ?? "");
  if (control.value !== text && document.activeElement !== control) control.value = text;
}

function choice(label, options, change) {
  return K.el("select", { class: "kin-input", "aria-label": label, onchange: (event) => change(event.currentTarget.value) }, options.map(([value, words]) => K.el("option", { value }, words)));
}

/**
 * A line of text, or a text area that grows with it (`rows`). `typed(text)` comes with every key, `done()` when the hand leaves: all keys between are one step of the history.
 * Enter ends a single line.
 */
function line(label, { most, rows = 0, hint = "", kind = "", typed, done }) {
  const node = K.el(rows ? "textarea" : "input", { class: `kin-input ${kind}`, "aria-label": label, placeholder: hint, maxlength: String(most), spellcheck: "false", autocomplete: "off", dir: "auto", ...(rows ? { rows: String(rows) } : { type: "text" }) });
  node.addEventListener("input", () => { typed(node.value); if (rows) grow(node); });
  node.addEventListener("change", done);
  node.addEventListener("blur", done);
  node.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.isComposing && (!rows || !event.shiftKey)) { event.preventDefault(); node.blur(); } });
  return node;
}

/** A text area as high as its text. Measured only when text or width changed: it makes the browser lay out the page. */
function grow(node) {
  const now = `${node.clientWidth} ${node.value}`;
  if (!node.clientWidth || now === node.grown) return;
  node.grown = now;
  node.style.height = "auto";
  node.style.height = `${node.scrollHeight + 2}px`;
}

/** A number of seconds; what is typed is brought into the range when the hand leaves. */
function amount(label, { low, high, step = 0.1, change }) {
  const node = K.el("input", { type: "number", class: "kin-input kin-seconds", min: String(low), max: String(high), step: String(step), inputmode: "decimal", "aria-label": label });
  node.addEventListener("change", () => {
    const given = Number(node.value), value = node.value === "" || !Number.isFinite(given) ? null : tenth(clamp(given, low, high));
    if (value === null) node.value = node.dataset.kept ?? "";
    else { node.value = String(value); change(value); }
  });
  node.addEventListener("keydown", (event) => { if (event.key === "Enter") node.blur(); });
  return node;
}

/** Seconds in which a narrator says a line. */
function spoken(text) {
  const signs = [...text.trim()], dense = signs.filter((sign) => /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]/u.test(sign)).length;
  const words = text.trim().split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length, letters = (signs.length - dense) / LETTERS_A_WORD;
  return (dense * 0.5 + (dense ? Math.min(words, letters) : words)) / WORDS_A_SECOND;
}
