// The film at a glance: how long it is, and its scenes side by side in proportion, with the transitions between them. A press goes to the card.

class Strip {
  /** acts: go(id), fit(seconds). */
  constructor({ limits, acts }) {
    this.acts = acts;
    this.bar = K.el("div", { class: "sb-strip", role: "group", "aria-label": "Scenes of the film" });
    this.show = K.keyed(this.bar, (item) => this.block(item));
    this.length = amount("Length of the film in seconds; scenes that are not locked get longer or shorter", { low: 1, high: limits.film, change: (seconds) => acts.fit(seconds) });
    this.asked = K.button("Fit", () => acts.fit(this.wanted), { text: true });
    this.words = K.el("span", { class: "kin-muted" });
    this.root = K.el("div", { class: "sb-film" }, K.el("div", { class: "kin-line" }, K.el("label", { class: "kin-rowline" }, K.el("span", { class: "kin-label" }, "Film"), this.length, K.el("span", { class: "kin-muted" }, "s")), this.asked, this.words), this.bar);
  }

  /** wanted: the length that the form asks for. states: {id: {kind, words, poster}}. */
  draw(story, states, wanted) {
    const { plan, seconds } = story, off = Math.abs(wanted - seconds) > 0.05;
    this.wanted = wanted;
    fill(this.length, seconds);
    this.length.dataset.kept = String(seconds);
    this.asked.hidden = !off;
    K.write(this.asked.lastChild, `Fit to ${K.seconds(wanted)}`);
    this.asked.setAttribute("aria-label", `Fit the film to ${K.seconds(wanted)}`);
    this.asked.title = "Scenes that are not locked get longer or shorter";
    const ready = plan.scenes.filter((scene) => ["made", "given"].includes(states[scene.id]?.kind)).length, count = plan.scenes.length;
    K.write(this.words, `${count} scene${count > 1 ? "s" : ""} · ${ready === count ? "all ready" : `${ready} of ${count} ready`}`);
    const title = plan.title_seconds ? [{ id: "title", title: plan.title, seconds: plan.title_seconds, palette: plan.palette.slice(0, 2) }] : [];
    this.show([...title, ...plan.scenes.map((scene, index) => ({ id: `s-${scene.id}`, scene: scene.id, number: index + 1, heading: scene.heading, seconds: scene.seconds, transition: scene.transition, blend: Math.min(scene.blend, scene.seconds / 2), ...states[scene.id] }))]);
  }

  block(item) {
    if (item.id === "title") return K.el("span", { class: "sb-block sb-block-title", style: `flex-grow: ${item.seconds}; background: ${item.palette[0]}`, title: `Title card: ${item.seconds} s` }, K.el("i", { style: `background: ${item.palette[1]}` }));
    const said = `Scene ${item.number}${item.heading ? `, ${item.heading}` : ""}: ${tenth(item.seconds)} s, ${item.words ?? ""}${item.transition === "cut" ? "" : `, comes in by ${item.transition}`}`;
    const node = K.el("button", { type: "button", class: "sb-block kin-focus", "data-kind": item.kind, style: `flex-grow: ${item.seconds}`, "aria-label": said, title: said, onclick: () => this.acts.go(item.scene) },
      item.transition === "cut" ? null : K.el("i", { class: `sb-blend sb-${item.transition.replaceAll(" ", "-")}`, style: `width: ${(100 * item.blend) / item.seconds}%` }), K.el("span", {}, String(item.number)));
    if (item.poster) node.style.backgroundImage = `url("${item.poster}")`;
    return node;
  }
}
