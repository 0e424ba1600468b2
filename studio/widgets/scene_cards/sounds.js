// What is heard in a scene: ambience as chips, effects at moments, music.

const MOST_WORDS_OF_MUSIC = 120;

class Sounds {
  /** put(change, done): a change of the scene, `done` when it is a step of its own. */
  constructor({ choices, limits, put, done }) {
    Object.assign(this, { limits, put, done, scene: null, print: "" });
    this.chips = K.el("div", { class: "sb-chips" });
    this.add = K.el("input", { type: "text", class: "kin-input sb-add", maxlength: String(limits.effect_what), placeholder: "Add: wind, waves, a crowd…", "aria-label": "Add a sound that is heard all through the scene" });
    this.add.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); this.addAmbience(); } });
    this.add.addEventListener("change", () => this.addAmbience());
    this.effects = K.el("div", { class: "kin-rows" });
    this.more = K.button("Add an effect", () => { this.put({ effects: [...this.scene.effects, { what: "a bell", at: 0 }] }, true); this.effects.querySelector(".kin-rowline:last-child input")?.select(); }, { name: "plus", text: true });
    const none = ["", "No music"], moods = [none, ...choices.moods.map((mood) => [mood, capital(mood)])];
    this.mood = choice("Mood of the music", moods, (mood) => this.put({ music: mood ? { tempo: "medium", words: "", ...this.scene.music, mood } : null }, true));
    this.tempo = choice("Tempo of the music", choices.tempos.map((tempo) => [tempo, capital(tempo)]), (tempo) => this.music({ tempo }, true));
    this.words = line("More about the music", { most: MOST_WORDS_OF_MUSIC, hint: "more: piano, a waltz…", kind: "sb-grow", typed: (words) => this.music({ words }, false), done });
    this.root = K.el("div", { class: "sb-sounds" },
      K.el("div", { class: "sb-part" }, K.el("span", { class: "kin-label" }, "Ambience"), this.chips),
      K.el("div", { class: "sb-part" }, K.el("span", { class: "kin-label" }, "Effects"), this.effects, K.el("div", { class: "kin-line" }, this.more)),
      K.el("div", { class: "sb-part" }, K.el("span", { class: "kin-label" }, "Music"), K.el("div", { class: "kin-line" }, this.mood, this.tempo, this.words)));
  }

  music(change, done) { if (this.scene.music) this.put({ music: { ...this.scene.music, ...change } }, done); }

  addAmbience() {
    const words = this.add.value.split(/\s+/).filter(Boolean).join(" ");
    this.add.value = "";
    if (words && this.scene.ambience.length < this.limits.sounds && !this.scene.ambience.includes(words)) this.put({ ambience: [...this.scene.ambience, words] }, true);
  }

  draw(scene) {
    this.scene = scene;
    const print = JSON.stringify([scene.ambience, scene.effects.length]);
    if (print !== this.print) {
      this.print = print;
      K.settle(this.chips, [...scene.ambience.map((words, at) => this.chip(words, at)), this.add]);
      this.effects.replaceChildren(...scene.effects.map((_, at) => this.row(at)));
    }
    this.add.hidden = scene.ambience.length >= this.limits.sounds;
    this.more.disabled = scene.effects.length >= this.limits.sounds;
    [...this.effects.children].forEach((row, at) => { fill(row.what, scene.effects[at].what); fill(row.at, scene.effects[at].at); });
    fill(this.mood, scene.music?.mood ?? "");
    fill(this.tempo, scene.music?.tempo ?? "medium");
    fill(this.words, scene.music?.words ?? "");
    this.tempo.hidden = this.words.hidden = !scene.music;
  }

  chip(words, at) {
    return K.el("span", { class: "sb-chip" }, words, K.el("button", { type: "button", class: "sb-x", "aria-label": `Remove ${words}`, title: `Remove ${words}`, onclick: () => { this.put({ ambience: this.scene.ambience.filter((_, index) => index !== at) }, true); this.add.focus(); } }, "×"));
  }

  row(at) {
    const edit = (change, done) => this.put({ effects: this.scene.effects.map((one, index) => (index === at ? { ...one, ...change } : one)) }, done);
    const what = line(`Effect ${at + 1}: what is heard`, { most: this.limits.effect_what, hint: "a bell, thunder, steps…", kind: "sb-grow", typed: (text) => { if (text.trim()) edit({ what: text }, false); }, done: () => { this.done(); fill(what, this.scene.effects[at]?.what); } });
    const when = amount(`Effect ${at + 1}: when, in seconds from the scene's begin`, { low: 0, high: this.limits.at, change: (value) => edit({ at: value }, true) });
    const row = K.el("div", { class: "kin-rowline" }, what, K.el("span", { class: "kin-muted" }, "at"), when, K.el("span", { class: "kin-muted" }, "s"), K.button(`Remove effect ${at + 1}`, () => { this.put({ effects: this.scene.effects.filter((_, index) => index !== at) }, true); this.more.focus(); }, { name: "trash" }));
    return Object.assign(row, { what, at: when });
  }
}
