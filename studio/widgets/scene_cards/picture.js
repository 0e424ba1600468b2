// The picture of a card: the made clip in a loop, or the clip or still that was given, or what the diorama draws of the prompt until there is something.

class Picture {
  constructor() {
    this.film = new Animatic(K.reduced());
    this.film.empty.textContent = "";
    this.image = K.el("img", { class: "sb-still", alt: "", loading: "lazy", draggable: "false" });
    this.video = K.el("video", { class: "sb-still", playsinline: true, loop: true, preload: "metadata", tabindex: "-1" });
    this.video.muted = true;
    this.tag = K.el("span", { class: "sb-tag" });
    this.root = K.el("div", { class: "sb-picture" }, this.film.root, this.image, this.video, this.tag);
    this.image.addEventListener("error", () => { this.image.hidden = true; }); // the clip was swept away, or deleted
    this.image.addEventListener("load", () => { this.image.hidden = false; });
    this.root.addEventListener("pointerenter", () => { if (!this.video.hidden && !K.reduced()) this.video.play().catch(() => {}); });
    this.root.addEventListener("pointerleave", () => this.video.pause());
    this.shown = null;
  }

  /** sight: {kind: "image" | "video" | "animatic" | "none", address, answer, said, tag}. shape: [across, down]. */
  show(sight, shape) {
    const { kind } = sight;
    this.root.style.setProperty("--sb-shape", String(shape[0] / shape[1]));
    this.film.setShape(...shape);
    this.film.setWaiting(Boolean(sight.waiting));
    K.write(this.tag, sight.tag ?? "");
    this.tag.hidden = !sight.tag;
    const now = `${kind} ${sight.address ?? ""}`;
    if (now !== this.shown) {
      this.shown = now;
      this.image.hidden = kind !== "image";
      this.video.hidden = kind !== "video";
      if (kind === "image") this.image.src = sight.address;
      if (kind === "video") this.video.src = sight.address;
      else if (this.video.getAttribute("src")) { this.video.removeAttribute("src"); this.video.load(); }
      this.film.root.hidden = kind !== "animatic" && kind !== "none";
    }
    this.image.alt = sight.said ?? "";
    if (kind === "animatic" && sight.answer && sight.answer !== this.answer) {
      this.answer = sight.answer;
      this.film.show(sight.answer, sight.said);
    }
  }

  stop() {
    this.film.stop();
    this.video.pause();
  }
}
