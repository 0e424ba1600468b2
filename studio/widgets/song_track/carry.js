// A still that is carried from one slot to another: dragged by a mouse, or taken with one button and put down with another.

const CARRY_PX = 6;

class Carry {
  /** area: where stills lie. A slot is a node with `data-piece` and `data-end`. acts: put(from, to), image(ref) or null, changed(). */
  constructor(area, acts, signal) {
    Object.assign(this, { area, acts, taken: null, going: false });
    area.addEventListener("pointerdown", (event) => this.begin(event), { signal });
    area.addEventListener("click", (event) => { if (this.going) { event.preventDefault(); event.stopPropagation(); } this.going = false; }, { signal, capture: true });
    area.addEventListener("dragstart", (event) => event.preventDefault(), { signal });
  }

  /** A finger scrolls: it takes and puts with the buttons. */
  begin(event) {
    this.going = false;
    const slot = event.target.closest(".so-slot"), from = slot && reference(slot);
    if (!from || event.button > 0 || event.pointerType === "touch" || !this.acts.image(from)) return;
    const { clientX, clientY } = event, life = new AbortController(), { signal } = life;
    let ghost = null, over = null;
    const stop = (keep) => {
      life.abort();
      ghost?.remove();
      over?.classList.remove("so-over");
      this.area.classList.remove("so-carrying");
      if (keep && over) this.acts.put(from, reference(over));
    };
    window.addEventListener("pointermove", (move) => {
      if (!ghost && Math.hypot(move.clientX - clientX, move.clientY - clientY) < CARRY_PX) return;
      if (!ghost) {
        this.going = true;
        ghost = K.el("img", { class: "so-ghost", src: this.acts.image(from), alt: "" });
        this.area.append(ghost);
        this.area.classList.add("so-carrying");
      }
      ghost.style.transform = `translate(${move.clientX + 10}px, ${move.clientY + 10}px)`;
      const under = document.elementFromPoint(move.clientX, move.clientY)?.closest(".so-slot"), next = under && this.area.contains(under) && !same(reference(under), from) ? under : null;
      if (next === over) return;
      over?.classList.remove("so-over");
      next?.classList.add("so-over");
      over = next;
    }, { signal });
    window.addEventListener("pointerup", () => stop(true), { signal });
    window.addEventListener("pointercancel", () => stop(false), { signal });
    window.addEventListener("keydown", (key) => { if (key.key === "Escape") { key.stopPropagation(); stop(false); } }, { signal, capture: true });
  }

  take(ref) {
    this.taken = this.taken && same(this.taken, ref) ? null : ref;
    this.acts.changed();
  }

  putDown(ref) {
    const { taken } = this;
    this.taken = null;
    if (taken) this.acts.put(taken, ref);
  }
}

const reference = (slot) => (slot.dataset.piece ? { piece: Number(slot.dataset.piece), end: slot.dataset.end } : null);
const same = (one, other) => one.piece === other.piece && one.end === other.end;
