// The picture: chosen, dropped, pasted or set by Python; shown at once, uploaded behind, and kept when the new one cannot be read.

const SHOWN_SIDE = 2560;
const IMAGE_TYPES = "image/*,.heic,.heif,.avif,.tif,.tiff,.bmp";

class Picture {
  constructor(app, upload, signal) {
    this.app = app;
    this.upload = upload;
    this.shown = null;
    this.known = new Map();
    this.serial = 0;
    const { stage, root } = app;
    stage.addEventListener("dragenter", (event) => this.over(event, true), { signal });
    stage.addEventListener("dragover", (event) => this.over(event, true), { signal });
    stage.addEventListener("dragleave", (event) => { if (!stage.contains(event.relatedTarget)) stage.classList.remove("sc-over"); }, { signal });
    stage.addEventListener("drop", (event) => this.drop(event), { signal });
    document.addEventListener("paste", (event) => this.paste(event), { signal });
    this.chooser = make("input", { type: "file", accept: IMAGE_TYPES, class: "sc-file", tabindex: "-1", "aria-label": "Photo file", on: { change: () => this.chosen() } });
    root.append(this.chooser);
  }

  choose() { this.chooser.click(); }

  chosen() {
    const [file] = this.chooser.files;
    this.chooser.value = "";
    if (file) this.load(file);
  }

  over(event) {
    if (![...event.dataTransfer.items].some((item) => item.kind === "file" && (item.type === "" || item.type.startsWith("image/") || item.type === "application/json"))) return;
    event.preventDefault();
    this.app.stage.classList.add("sc-over");
  }

  /** Pictures and stroke files are ours; anything else is left to the page. */
  drop(event) {
    this.app.stage.classList.remove("sc-over");
    const [file] = event.dataTransfer.files;
    if (!file) return;
    const json = file.type === "application/json" || file.name.toLowerCase().endsWith(".json");
    if (!json && file.type && !file.type.startsWith("image/")) return;
    event.preventDefault();
    event.stopPropagation();
    if (json) this.app.importFile(file);
    else this.load(file);
  }

  paste(event) {
    const { app } = this, focus = document.activeElement;
    if (!app.root.isConnected || !app.root.offsetParent) return;
    if (focus && focus !== document.body && !app.root.contains(focus)) return;
    const file = [...(event.clipboardData?.files || [])].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    this.load(file);
  }

  /** A file of the user. The old picture stays until the new one is read and uploaded. */
  async load(file) {
    const { app } = this, serial = ++this.serial, name = file.name || "pasted picture";
    app.setLoading(true);
    app.say(`Loading ${name}…`);
    const address = URL.createObjectURL(file);
    let shown, stored;
    try {
      shown = forDisplay(await loadImage(address));
    } catch {
      if (serial === this.serial) this.refuse(`“${name}” could not be read as a picture: choose a JPEG, PNG or WebP file.`);
      return;
    } finally {
      URL.revokeObjectURL(address);
    }
    try {
      stored = await this.upload(file);
      if (!stored?.path) throw new Error("no path");
    } catch {
      if (serial === this.serial) this.refuse(`“${name}” did not reach the studio: check its size and the connection, then load it again.`);
      return;
    }
    if (serial !== this.serial) return;
    this.known.set(stored.path, shown);
    app.setLoading(false);
    app.takePicture({ path: stored.path, url: stored.url, name }, shown);
  }

  refuse(sentence) {
    this.app.setLoading(false);
    this.app.say(sentence, "error");
  }

  /** Shows the picture of the store: after undo, or when Python set it. */
  async follow() {
    const { app } = this, image = app.store.image, serial = ++this.serial;
    app.setLoading(false);
    if (!image) { this.show(null); return; }
    if (this.known.has(image.path)) { this.show(this.known.get(image.path)); return; }
    app.setLoading(true);
    try {
      const shown = forDisplay(await loadImage(image.url));
      this.known.set(image.path, shown);
      if (serial !== this.serial) return;
      app.setLoading(false);
      this.show(shown);
      app.announcePicture();
    } catch {
      if (serial !== this.serial) return;
      this.show(null);
      this.refuse(`The picture “${image.name}” could not be shown: load it again, the strokes are kept.`);
    }
  }

  show(shown) {
    this.shown = shown;
    if (shown) this.app.view.setImage(shown.width, shown.height);
    this.app.pictureChanged();
  }
}

/** The picture as a canvas of at most SHOWN_SIDE pixels, so that each repaint costs the same for a 4 and a 100 megapixel photo. */
function forDisplay(image) {
  const width = image.naturalWidth, height = image.naturalHeight;
  if (!width || !height) throw new Error("empty picture");
  const scale = Math.min(1, SHOWN_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}
