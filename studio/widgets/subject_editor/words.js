// What tools and ways to look are called, how they look, and sentences about subjects.

const K = window.kinora;

const TOOLS = {
  point: { word: "Add", says: "Click what belongs to it (C). With Alt: what does not", key: "c", path: "M12 5v14M5 12h14" },
  avoid: { word: "Not this", says: "Click what does not belong to it (X)", key: "x", path: "M5 12h14" },
  box: { word: "Box", says: "Drag a box around it (B)", key: "b", path: "M4 7V4h3M17 4h3v3M20 17v3h-3M7 20H4v-3M4 10v4M20 10v4M10 4h4M10 20h4" },
  brush: { word: "Brush", says: "Brush over it (S)", key: "s", path: "M14 4l6 6-8.5 7.5-5-5zM6.5 12.500C3.500 14 5 18 3 20.500c3.500.5 7.500-.5 8.500-3" },
  eraser: { word: "Eraser", says: "Brush over what does not belong to it (E)", key: "e", path: "M8.500 20L3.500 15l9.500-10 7.500 7.500-7 7.500zM8 10.200l7.300 7.300M8.500 20H20" },
};
const STROKES = ["brush", "eraser"];
const VIEWS = { overlay: "Mask over video", mask: "Mask only", video: "Video only" };
const HAPPENED = { lost: "is lost", found: "is found again", left: "leaves the picture", returned: "comes back", cut: "meets a cut" };

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const percent = (share) => `${Math.round(share * 100)} %`;

/** A button of a shape that the page's own icons do not have. */
function shapeButton(label, path, act, words = null) {
  const shape = K.icon("minus");
  shape.firstChild.setAttribute("d", path);
  const node = K.button(label, act);
  node.replaceChildren(shape, ...(words ? [K.el("span", {}, words)] : []));
  return node;
}

/** The short name that a proposal gives: "a red thing at the left, moving right" is called "Red thing at the left". */
const nameOf = (sentence) => capital(String(sentence).split(",")[0].replace(/^(the|an?) /i, "")).slice(0, 60);

/** A subject's name for the page. */
const called = (subject, index, count) => subject.name || subject.words || (count > 1 ? `Subject ${index + 1}` : "The subject");
