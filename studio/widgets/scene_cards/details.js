// What folds out of a card: camera, transition, sound, pictures, takes.

class Details {
  /** acts: put(change, done), done(), upload, library, say; limits and choices are the plan's. */
  constructor({ choices, limits, acts }) {
    this.limits = limits;
    const { put } = acts;
    this.camera = choice("Camera", choices.cameras.map((name) => [name, capital(name)]), (camera) => put({ camera }, true));
    this.transition = choice("How the scene follows what stands before it", choices.transitions.map((name) => [name, capital(name)]), (transition) => put({ transition }, true));
    this.blend = amount("Length of the transition in seconds", { low: limits.blend[0], high: limits.blend[1], change: (blend) => put({ blend }, true) });
    this.takes = choice("Takes: clips to choose from", Array.from({ length: limits.takes }, (_, index) => [String(index + 1), String(index + 1)]), (takes) => put({ takes: Number(takes), take: Math.min(this.scene.take, Number(takes)) }, true));
    this.blended = labelled("for (s)", this.blend);
    this.sounds = new Sounds({ choices, limits, put, done: acts.done });
    this.source = new SourceChoice({ limits, put, upload: acts.upload, library: acts.library, say: acts.say });
    this.root = K.el("div", { class: "sb-details", hidden: true },
      K.el("div", { class: "sb-fields" }, labelled("Camera", this.camera), labelled("Comes in by", this.transition), this.blended, this.taken = labelled("Takes", this.takes)),
      this.source.root, this.sounds.root);
  }

  draw(scene) {
    this.scene = scene;
    fill(this.camera, scene.camera);
    fill(this.transition, scene.transition);
    fill(this.blend, scene.blend);
    fill(this.takes, scene.takes);
    this.blended.hidden = scene.transition === "cut";
    this.taken.hidden = !["text", "head"].includes(scene.source.kind);
    this.source.draw(scene);
    this.sounds.draw(scene);
  }
}
