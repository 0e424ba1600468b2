// The coloured marks under the words. A mirror with the same text and the same type lies under the text area, in the same grid cell:
// it gives the text area its height, and tells where each word stands. Its text is one node, so that lines break and letters join as above.

const MIRROR_LIMIT = 20000; // Longer texts are not mirrored: laying them out twice for every key would be felt.
const END = "\u200b"; // Without it a line break at the very end would not open a new line.
const WORD_GAP = 40; // Pixels between two words of one mark on one line; further apart, another direction of writing lies between.

class Marks {
  constructor(area) {
    this.area = area;
    this.node = document.createTextNode(END);
    this.mirror = K.el("div", { class: "pb-mirror pb-type", "aria-hidden": "true", dir: "auto" }, this.node);
    this.layer = K.el("div", { class: "pb-marks", "aria-hidden": "true" });
    this.sheet = K.el("div", { class: "pb-sheet" }, this.layer, this.mirror, area);
    this.scroller = K.el("div", { class: "pb-scroll" }, this.sheet);
    this.list = [];
    this.boxes = [];
    this.resizes = new ResizeObserver(() => this.draw());
    this.resizes.observe(this.sheet);
  }

  /** New text and its marks. */
  show(text, marks) {
    const long = text.length > MIRROR_LIMIT, shown = long ? END : (text || this.area.placeholder) + END;
    this.scroller.classList.toggle("pb-long", long);
    if (this.node.data !== shown) this.node.data = shown;
    this.list = long ? [] : marks;
    this.draw();
  }

  /** Where the words in the units [start, end) stand: one rectangle a line, in pixels from the sheet's corner. Space that hangs at a line's end is left out. */
  places(start, end) {
    const origin = this.sheet.getBoundingClientRect(), range = document.createRange(), places = [];
    for (const { 0: word, index } of this.node.data.slice(start, end).matchAll(/\S+/g)) {
      range.setStart(this.node, start + index);
      range.setEnd(this.node, start + index + word.length);
      for (const r of range.getClientRects()) {
        const left = r.left - origin.left, right = r.right - origin.left, y = r.top - origin.top, last = places.at(-1);
        if (r.width === 0) continue;
        if (last && Math.abs(last.y - y) < r.height / 2 && left - last.right < WORD_GAP && last.left - right < WORD_GAP) {
          last.left = Math.min(last.left, left);
          last.right = Math.max(last.right, right);
        } else places.push({ left, right, y, height: r.height });
      }
    }
    return places.map(({ left, right, y, height }) => ({ x: left, y, width: right - left, height }));
  }

  draw() {
    if (!this.sheet.clientWidth) return; // in a hidden tab: the ResizeObserver calls again when it is shown
    this.boxes = this.list.flatMap((mark) => this.places(mark.start, mark.end).map((place) => ({ ...place, mark })));
    const { layer, boxes } = this, { children } = layer;
    while (children.length > boxes.length) layer.lastChild.remove();
    while (children.length < boxes.length) layer.append(document.createElement("span"));
    boxes.forEach(({ x, y, width, height, mark }, index) => {
      const kind = mark.known ? "pb-known" : "pb-strange", place = `left:${x}px;top:${y}px;width:${width}px;height:${height}px`, node = children[index];
      // Most marks stay where they are from key to key: only what changed costs a new layout.
      if (node.className !== kind) node.className = kind;
      if (node.place !== place) { node.place = place; node.style.cssText = place; }
    });
  }

  /** The box under a place of the window, or null. */
  boxAt(clientX, clientY) {
    if (!this.boxes.length) return null;
    const origin = this.sheet.getBoundingClientRect(), x = clientX - origin.left, y = clientY - origin.top;
    return this.boxes.find((box) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height) ?? null;
  }

  /** The box of the mark in which the caret stands, or null. */
  boxAtCaret() {
    const { selectionStart: at, selectionEnd } = this.area;
    return at === selectionEnd ? this.boxes.find(({ mark }) => mark.start <= at && at <= mark.end) ?? null : null;
  }

  /** Scrolls so that the caret is in view with half a line of room: the browser alone stops flush at the edge, and may look before the text has grown. */
  revealCaret() {
    this.area.scrollTop = 0;
    const { scroller } = this, at = Math.min(this.area.selectionEnd, this.node.length - 1);
    if (scroller.scrollHeight <= scroller.clientHeight) return;
    const range = document.createRange();
    range.setStart(this.node, at);
    range.setEnd(this.node, at + 1);
    const caret = range.getClientRects()[0], view = scroller.getBoundingClientRect();
    if (!caret) return;
    const room = caret.height / 2;
    if (caret.bottom + room > view.bottom) scroller.scrollTop += caret.bottom + room - view.bottom;
    else if (caret.top - room < view.top) scroller.scrollTop -= view.top - caret.top + room;
  }

  stop() { this.resizes.disconnect(); }
}
