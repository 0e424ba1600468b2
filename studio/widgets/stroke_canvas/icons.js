// The icons, drawn on a 24 x 24 grid with round strokes in the text's colour, and the small helpers that build the page.

const ICONS = {
  move: '<path d="M4 19c1-8 6-12 14-12"/><path d="M14 3l5 4-5 4"/><circle cx="4" cy="19" r="1.6" fill="currentColor"/>',
  pin: '<path d="M12 14v7"/><path d="M8 3h8l-1 6 3 4.5H6L9 9z"/>',
  brush: '<path d="M14 4l6 6-8.5 7.5-5-5z"/><path d="M6.500 12.500C3.500 14 5 18 3 20.500c3.500.5 7.500-.5 8.500-3"/>',
  select: '<path d="M6 3l12.500 9.500-6 .9-3 5.600z"/>',
  undo: '<path d="M8 5L4 9l4 4"/><path d="M4 9h9.500a5.500 5.500 0 010 11H10"/>',
  redo: '<path d="M16 5l4 4-4 4"/><path d="M20 9h-9.500a5.500 5.500 0 000 11H14"/>',
  trash: '<path d="M4 7h16M9.500 7V4h5v3M6.500 7l.8 13h9.400l.8-13M10 11v5.500M14 11v5.500"/>',
  clear: '<path d="M8.500 20L3.500 15l9.500-10 7.500 7.500-7 7.500z"/><path d="M8 10.200l7.300 7.300M8.500 20H20"/>',
  photo: '<rect x="3" y="5" width="18" height="14" rx="2.500"/><circle cx="8.500" cy="10" r="1.700"/><path d="M4 17.500l5-4.500 3.500 3 3.500-4 5 5"/>',
  help: '<circle cx="12" cy="12" r="9"/><path d="M9.500 9.500a2.600 2.600 0 115 .7c0 1.800-2.500 2-2.500 3.800"/><path d="M12 17.200v.1"/>',
  up: '<path d="M6 14l6-6 6 6"/>',
  down: '<path d="M6 10l6 6 6-6"/>',
  play: '<path d="M7.500 5l11 7-11 7z" fill="currentColor"/>',
  pause: '<path d="M8 5v14M16 5v14" stroke-width="3"/>',
  fit: '<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"/>',
  save: '<path d="M12 4v11M7.500 11l4.500 4.500 4.500-4.500M4 20h16"/>',
  open: '<path d="M12 15V4M7.500 8.500L12 4l4.500 4.500M4 20h16"/>',
};

function icon(name) {
  return `<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.800" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${ICONS[name]}</svg>`;
}

/** A page element. `attributes` may hold `class`, `text`, `html` (our own markup only) and `on` (event name -> listener). */
function make(tag, attributes = {}, children = []) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") node.textContent = value;
    else if (key === "html") node.innerHTML = value;
    else if (key === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** A button with an icon; the words show where there is room, and always reach screen readers. */
function button(name, words, click, { key = "", quiet = false, ...more } = {}) {
  const title = key ? `${words} (${key})` : words;
  return make("button", { type: "button", class: quiet ? "sc-btn sc-quiet" : "sc-btn", title, "aria-label": words, on: { click }, ...more }, [
    make("span", { class: "sc-icon", html: icon(name) }), make("span", { class: "sc-words", text: words }),
  ]);
}

/** Two colours, start and end of the clip, for the stroke at `index`. */
function strokeColours(index, kind) {
  if (kind === "pin") return ["#dbe4ee", "#8fa3b8"];
  return [["#ffe66d", "#ff3d7f"], ["#9bf6ff", "#3a6bff"], ["#caffbf", "#00a86b"], ["#ffd6a5", "#ff6b1a"], ["#e9c6ff", "#8a3ffc"], ["#ffc6dd", "#d6006c"]][index % 6];
}

/** The colour at `share` 0..1 between two hex colours. */
function mixed(colours, share) {
  const [a, b] = colours.map((c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16)));
  return `rgb(${a.map((v, i) => Math.round(v + (b[i] - v) * share)).join(" ")})`;
}
