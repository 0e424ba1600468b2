// Plain text work: Python's string indices and the browser's, what an edit changed, and how marks follow it. Knows no page element.

/** Number of characters as Python counts them: code points, not UTF-16 units. */
function countCharacters(text) {
  let count = text.length;
  for (let i = 1; i < text.length; i++) if (isLow(text.charCodeAt(i)) && isHigh(text.charCodeAt(i - 1))) count--;
  return count;
}

function isHigh(unit) { return unit >= 0xd800 && unit <= 0xdbff; }
function isLow(unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

/** Where each code point begins, in UTF-16 units; one more entry for the end. */
function unitOffsets(text) {
  const offsets = [];
  for (let i = 0; i < text.length; i++) {
    offsets.push(i);
    if (isHigh(text.charCodeAt(i)) && isLow(text.charCodeAt(i + 1))) i++;
  }
  offsets.push(text.length);
  return offsets;
}

/** The marks of an answer about `text`, in UTF-16 units and in order: [{start, end, known, meaning, offers}]. What makes no sense is left out. */
function marksOf(answer, text) {
  const offsets = unitOffsets(text), marks = [];
  const take = (list, known) => {
    for (const entry of Array.isArray(list) ? list : []) {
      if (!Array.isArray(entry)) continue;
      const [from, to, meaning, offers] = entry, start = offsets[from], end = offsets[to];
      if (start === undefined || end === undefined || start >= end) continue;
      marks.push({ start, end, known, meaning: String(meaning ?? ""), offers: Array.isArray(offers) ? offers.map(String) : [] });
    }
  };
  take(answer.understood, true);
  take(answer.unknown, false);
  return marks.sort((a, b) => a.start - b.start);
}

/** What changed from `before` to `after`: the units [start, end) of `before` were replaced, and what follows moved by `by`. */
function editBetween(before, after) {
  const most = Math.min(before.length, after.length);
  let start = 0, tail = 0;
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  while (tail < most - start && before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)) tail++;
  return { start, end: before.length - tail, by: after.length - before.length };
}

/** The marks after an edit: those behind it moved along, those that it touched gone. */
function followEdit(marks, { start, end, by }) {
  return marks.flatMap((mark) => {
    if (mark.end <= start) return [mark];
    return mark.start >= end ? [{ ...mark, start: mark.start + by, end: mark.end + by }] : [];
  });
}

/** `word` begun with a capital where `model` is. */
function likeCase(word, model) {
  const first = [...model][0] ?? "";
  return first !== first.toLowerCase() ? word.charAt(0).toUpperCase() + word.slice(1) : word;
}

/** The unknown words of the marks, each once: [{word, meaning, offers}]. */
function unknownWords(marks, text) {
  const found = new Map();
  for (const { start, end, known, meaning, offers } of marks) {
    const word = text.slice(start, end), key = word.toLowerCase();
    if (!known && !found.has(key)) found.set(key, { word, meaning, offers });
  }
  return [...found.values()];
}
