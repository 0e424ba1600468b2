// The plan as a state with a way back, and what can be done to it. Holds no DOM and asks nobody.

const SHORTEST_STEP = 0.1, CLIP_SECONDS = 4;

/** A clip that a project brought stands for its card as it was: a card that asks for other pictures is made from its prompt again. */
function renewed(scene, before) {
  const other = before.source?.made_as && scene.source === before.source && ["prompt", "camera", "seed"].some((name) => scene[name] !== before[name]);
  return other ? { ...scene, source: { kind: "text", run: "", file: null, image: null, start: 0, keep_sound: true, made_as: "" } } : scene;
}

class Story extends History {
  /** limits: those of the plan. */
  constructor(limits) {
    super(null);
    this.limits = limits;
  }

  get plan() { return this.state; }

  get scenes() { return this.state?.scenes ?? []; }

  /** Length of the film in seconds. */
  get seconds() { return tenth((this.plan?.title_seconds ?? 0) + this.scenes.reduce((sum, scene) => sum + scene.seconds, 0)); }

  find(id) { return this.scenes.find((scene) => scene.id === id) ?? null; }

  index(id) { return this.scenes.findIndex((scene) => scene.id === id); }

  set(change) { return this.change({ ...this.plan, ...change }); }

  order(scenes) { return this.set({ scenes }); }

  put(id, change) { return this.order(this.scenes.map((scene) => (scene.id === id ? renewed({ ...scene, ...change }, scene) : scene))); }

  /** Puts a card at a place; false when it is there already. */
  move(id, to) {
    const from = this.index(id), place = clamp(to, 0, this.scenes.length - 1);
    if (from < 0 || from === place) return false;
    const scenes = [...this.scenes], [scene] = scenes.splice(from, 1);
    scenes.splice(place, 0, scene);
    return this.order(scenes);
  }

  /** A film has at least one scene. */
  remove(id) { return this.scenes.length > 1 && this.order(this.scenes.filter((scene) => scene.id !== id)); }

  /** A copy behind the card, not locked; gives its id, or null when there is no room. */
  duplicate(id) {
    const scene = this.find(id);
    return scene && this.insert({ ...scene, locked: false }, this.index(id) + 1);
  }

  insert(scene, at) {
    if (this.scenes.length >= this.limits.scenes) return null;
    const own = { ...scene, id: this.freshId() }, scenes = [...this.scenes];
    scenes.splice(at, 0, own);
    this.order(scenes);
    return own.id;
  }

  /** A card that shows a clip of the library, as long as the clip where that is known. */
  clip({ id: run, title: task, words, seconds }) {
    const last = this.scenes.at(-1), title = words || task || "A clip";
    return {
      heading: [...title].slice(0, this.limits.scene_heading).join(""), prompt: this.plan.hero.phrase, camera: "as written", seconds: tenth(clamp(seconds ?? CLIP_SECONDS, this.limits.shortest, this.limits.longest)), ambience: [], effects: [], music: last?.music ?? null, transition: "cross-fade", blend: 0.6,
      line: "", source: { kind: "library", run, file: null, image: null, start: 0, keep_sound: true }, seed: null, takes: 1, take: 1, locked: false,
    };
  }

  freshId() {
    const taken = new Set(this.scenes.map((scene) => scene.id));
    for (;;) {
      const id = [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => (byte % 36).toString(36)).join("");
      if (!taken.has(id)) return id;
    }
  }

  /** Makes the film so many seconds long by the scenes that are not locked. False when they cannot be made so short or so long. */
  fit(total) {
    const { shortest, longest } = this.limits, free = this.scenes.filter((scene) => !scene.locked), old = free.reduce((sum, scene) => sum + scene.seconds, 0);
    const wanted = tenth(total - this.seconds + old);
    if (!free.length || wanted < free.length * shortest || wanted > free.length * longest) return false;
    const length = new Map(free.map((scene) => [scene.id, clamp(tenth((scene.seconds * wanted) / old), shortest, longest)]));
    // What rounding and limits left over goes, a tenth at a time, to the longest or from the longest that has room.
    for (let left = Math.round((wanted - [...length.values()].reduce((sum, one) => sum + one, 0)) * 10); left !== 0; left -= Math.sign(left)) {
      const [id, seconds] = [...length].filter(([, one]) => (left > 0 ? one + SHORTEST_STEP <= longest : one - SHORTEST_STEP >= shortest)).sort((a, b) => b[1] - a[1])[0];
      length.set(id, tenth(seconds + Math.sign(left) * SHORTEST_STEP));
    }
    return this.order(this.scenes.map((scene) => (length.has(scene.id) ? { ...scene, seconds: length.get(scene.id) } : scene)));
  }

  /** What a video model is told of a card: its prompt and the film's style. */
  prompt(scene) {
    const { style } = this.plan;
    return style && !scene.prompt.includes(style) ? `${scene.prompt.replace(/[ .,;]+$/, "")}, ${style}` : scene.prompt;
  }
}
