// Where the picture lies in the canvas: fitting, zooming, panning, and the way between screen pixels and picture fractions.

const MAX_ZOOM = 10;
const MAX_RATIO = 3;

/** Units of a picture in fractions of its longer side: [width, height]. */
function unitsOf(imageWidth, imageHeight) {
  const longer = Math.max(imageWidth, imageHeight, 1);
  return [imageWidth / longer, imageHeight / longer];
}

class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.width = this.height = 0;
    this.imageWidth = this.imageHeight = 1;
    this.reset();
  }

  reset() { this.zoom = 1; this.panX = this.panY = 0; }

  get units() { return unitsOf(this.imageWidth, this.imageHeight); }

  setImage(width, height) {
    if (width !== this.imageWidth || height !== this.imageHeight) this.reset();
    this.imageWidth = width;
    this.imageHeight = height;
  }

  /** Backing pixels for a canvas of this many CSS pixels, sharp on dense screens. True when something changed. */
  resize(width, height) {
    const ratio = Math.min(window.devicePixelRatio || 1, MAX_RATIO);
    if (width === this.width && height === this.height && ratio === this.ratio) return false;
    Object.assign(this, { width, height, ratio });
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    this.keepInside();
    return true;
  }

  /** The picture's rectangle in CSS pixels of the canvas. */
  rect() {
    const fit = Math.min(this.width / this.imageWidth, this.height / this.imageHeight) * this.zoom;
    const w = this.imageWidth * fit, h = this.imageHeight * fit;
    return { x: (this.width - w) / 2 + this.panX, y: (this.height - h) / 2 + this.panY, w, h };
  }

  toScreen(p) {
    const r = this.rect();
    return [r.x + p[0] * r.w, r.y + p[1] * r.h];
  }

  toPicture(x, y) {
    const r = this.rect();
    return [(x - r.x) / r.w, (y - r.y) / r.h];
  }

  /** Screen pixels of a length given as a fraction of the picture's longer side. */
  pixels(length) {
    const r = this.rect();
    return length * Math.max(r.w, r.h);
  }

  zoomAt(x, y, factor) {
    const held = this.toPicture(x, y);
    this.zoom = clamp(this.zoom * factor, 1, MAX_ZOOM);
    const [nx, ny] = this.toScreen(held);
    this.panBy(x - nx, y - ny);
  }

  panBy(dx, dy) {
    this.panX += dx;
    this.panY += dy;
    this.keepInside();
  }

  /** The picture never leaves a gap on a side where it is larger than the canvas, and is centred where it is smaller. */
  keepInside() {
    const r = this.rect();
    const roomX = Math.max(0, (r.w - this.width) / 2), roomY = Math.max(0, (r.h - this.height) / 2);
    this.panX = clamp(this.panX, -roomX, roomX);
    this.panY = clamp(this.panY, -roomY, roomY);
  }
}
