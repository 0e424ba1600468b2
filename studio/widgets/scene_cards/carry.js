// Dragging a card to another place, by mouse, pen or finger: it starts on the grip, a line shows where it will be, the page scrolls at its edges.

const EDGE = 70, SCROLL_STEP = 14, DRAG_FROM = 5;

class Carry {
  /** list: the element of the cards. cards(): [{id, root}] in order. put(id, place) moves. */
  constructor(list, { cards, put, signal }) {
    Object.assign(this, { list, cards, put, held: null });
    this.mark = K.el("div", { class: "sb-mark", hidden: true });
    list.addEventListener("pointerdown", (event) => this.take(event), { signal });
    document.addEventListener("keydown", (event) => { if (event.key === "Escape" && this.held?.moved) { event.stopPropagation(); this.end(false); } }, { capture: true, signal });
  }

  take(event) {
    const grip = event.target.closest(".sb-grip"), root = grip?.closest(".sb-card");
    if (!grip || event.button > 0 || this.held) return;
    const life = new AbortController(), { signal } = life;
    this.held = { id: this.cards().find((card) => card.root === root)?.id, root, life, from: event.clientY, y: event.clientY, moved: false, place: null };
    grip.setPointerCapture(event.pointerId);
    grip.addEventListener("pointermove", (move) => { this.held.y = move.clientY; this.follow(); }, { signal });
    grip.addEventListener("pointerup", () => this.end(true), { signal });
    grip.addEventListener("pointercancel", () => this.end(false), { signal });
  }

  follow() {
    const { held } = this;
    if (!held || (!held.moved && Math.abs(held.y - held.from) < DRAG_FROM)) return;
    if (!held.moved) {
      held.moved = true;
      held.root.classList.add("sb-held");
      this.list.append(this.mark);
      this.scroll();
    }
    const cards = this.cards(), others = cards.filter((card) => card.root !== held.root);
    const place = others.filter((card) => { const box = card.root.getBoundingClientRect(); return box.top + box.height / 2 < held.y; }).length;
    held.place = place;
    const top = this.list.getBoundingClientRect().top, before = others[place - 1]?.root.getBoundingClientRect().bottom, after = others[place]?.root.getBoundingClientRect().top;
    const y = before === undefined ? after - 8 : after === undefined ? before + 8 : (before + after) / 2;
    this.mark.hidden = false;
    this.mark.style.transform = `translateY(${y - top}px)`;
  }

  scroll() {
    if (!this.held?.moved) return;
    const { y } = this.held, way = y < EDGE ? -1 : y > innerHeight - EDGE ? 1 : 0;
    if (way) { scrollBy(0, way * SCROLL_STEP); this.follow(); }
    requestAnimationFrame(() => this.scroll());
  }

  end(done) {
    const { held } = this;
    this.held = null;
    if (!held) return;
    held.life.abort();
    held.root.classList.remove("sb-held");
    this.mark.remove();
    if (done && held.moved && held.place !== null) this.put(held.id, held.place);
  }
}
