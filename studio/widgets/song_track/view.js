// How much of the song is in sight: zoomed by wheel, fingers and buttons, scrolled along.

const CLOSEST = 300, ZOOM_STEP = 1.6;

/** What the widget can do with its view; it has `scroller`, `room` in pixels, `zoom`, `scale` in pixels a second, `seconds`, `player`, `draw` and `paint`. */
const Viewing = (Base) => class extends Base {
  watchView() {
    this.scroller.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.scroller.addEventListener("touchmove", (event) => this.pinch(event), { passive: false });
    this.scroller.addEventListener("touchend", () => { this.apart = null; });
  }

  /** With Ctrl, or two fingers of a touchpad, it zooms about the pointer; else it scrolls along the song while there is something to scroll. */
  wheel(event) {
    const { scroller } = this, x = event.clientX - scroller.getBoundingClientRect().left;
    if (event.ctrlKey || event.metaKey) { event.preventDefault(); this.zoomBy(Math.exp(-clamp(event.deltaY, -60, 60) / 150), x); return; }
    if (!event.deltaY || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    const { scrollLeft } = scroller;
    scroller.scrollLeft += event.deltaY;
    if (scroller.scrollLeft !== scrollLeft) event.preventDefault();
  }

  pinch(event) {
    if (event.touches.length !== 2) return;
    event.preventDefault();
    const [one, other] = event.touches, apart = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    if (this.apart) this.zoomBy(apart / this.apart, (one.clientX + other.clientX) / 2 - this.scroller.getBoundingClientRect().left);
    this.apart = apart;
  }

  zoomBy(times, x = null) {
    const at = x === null ? this.player.time : (this.scroller.scrollLeft + x) / this.scale;
    this.zoom = clamp(this.zoom * times, 1, Math.max(1, (CLOSEST * this.seconds) / this.room));
    this.draw();
    this.scroller.scrollLeft = at * this.scale - (x ?? this.room / 2);
    this.paint();
  }

  reveal(time) {
    const x = time * this.scale, { scrollLeft } = this.scroller;
    if (x < scrollLeft + 4 || x > scrollLeft + this.room - 4) this.scroller.scrollLeft = x - this.room * 0.2;
  }
};
