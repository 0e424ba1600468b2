// One photo from the camera: the live picture, a shutter, and a plain sentence when the browser or its user refuses.

class Camera {
  /** acts: taken(file), refused(sentence), closed(). */
  constructor(acts) {
    this.acts = acts;
    this.video = K.el("video", { class: "fe-live", playsinline: true, muted: true, "aria-label": "Live camera picture" });
    this.shutter = K.button("Take the photo", () => this.take(), { name: "camera", kind: "primary", text: true });
    this.root = K.el("div", { class: "fe-camera", hidden: true }, this.video, K.el("div", { class: "kin-line" }, this.shutter, K.button("Cancel", () => this.close(), { name: "close", text: true })));
    this.root.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
  }

  /** True when this browser can show a live picture here: pages without https have no camera. */
  static get possible() { return Boolean(navigator.mediaDevices?.getUserMedia) && !matchMedia("(pointer: coarse)").matches; }

  async open() {
    this.root.hidden = false;
    this.shutter.disabled = true;
    const serial = this.serial = (this.serial ?? 0) + 1;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } } });
      if (serial !== this.serial) { stream.getTracks().forEach((track) => track.stop()); return; }
      this.stream = stream;
      this.video.srcObject = stream;
      await this.video.play();
      this.shutter.disabled = false;
      this.shutter.focus();
    } catch (error) {
      if (serial !== this.serial) return;
      this.close();
      const why = error.name === "NotAllowedError" ? "The camera was not allowed: allow it in the browser's address bar" : error.name === "NotFoundError" ? "No camera was found" : "The camera does not start: another program may hold it";
      this.acts.refused(`${why}, or choose a photo.`);
    }
  }

  take() {
    const { videoWidth: width, videoHeight: height } = this.video, canvas = K.el("canvas", { width, height });
    if (!width) return;
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    canvas.toBlob((blob) => {
      this.close();
      this.acts.taken(new File([blob], "camera.jpg", { type: "image/jpeg" }));
    }, "image/jpeg", 0.95);
  }

  close() {
    this.serial = (this.serial ?? 0) + 1;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
    if (this.root.hidden) return;
    this.root.hidden = true;
    this.acts.closed();
  }
}
