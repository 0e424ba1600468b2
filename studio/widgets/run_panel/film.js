// A film's scenes as chapters of its player, what is said as its subtitles, and what is heard as lanes.

const BUSES = { narration: "Narration", music: "Music", ambience: "Ambience", effects: "Effects", clip: "Clips" };
const ROW = 24, OVERLAP = 1.0; // pixels of a row; seconds in which one sound goes over into the next
const moment = (seconds) => clock(Math.floor(seconds)); // as the player's own clock counts

class Film {
  /** details: {scenes: [{id, heading, start, end}], heard: [{bus, start, end, what, sound}], frames, fps}, times in seconds. */
  constructor(video, details) {
    Object.assign(this, { video, scenes: details.scenes ?? [], heard: details.heard ?? [], seconds: details.frames / details.fps });
    const life = new AbortController(), { signal } = life;
    this.marks = this.scenes.map((scene, index) => K.el("button", {
      type: "button", class: "fi-chapter kin-focus", onclick: () => this.go(scene.start), "aria-label": `Go to scene ${index + 1}${scene.heading ? `, ${scene.heading}` : ""}, ${moment(scene.start)}`,
    }, K.el("span", { class: "kin-muted" }, moment(scene.start)), K.el("span", {}, scene.heading || `Scene ${index + 1}`)));
    this.chapters = K.el("div", { class: "fi-chapters", role: "group", "aria-label": "Chapters" }, this.marks);
    this.cursor = K.el("i", { class: "fi-cursor" });
    this.sounds = this.heard.length ? K.el("details", { class: "fi-heard" }, K.el("summary", { class: "kin-focus" }, "What is heard"), K.el("div", { class: "fi-lanes" }, this.lanes(), this.cursor)) : null;
    const follow = () => { if (!video.isConnected && this.seen) life.abort(); this.seen ||= video.isConnected; this.follow(); };
    for (const name of ["timeupdate", "seeked"]) video.addEventListener(name, follow, { signal });
    this.subtitle();
    if (details.animatic) this.chapters.prepend(K.el("span", { class: "kin-tag" }, "Animatic: drawn at once, not the film"));
  }

  go(seconds) {
    this.video.currentTime = seconds + 0.02;
    this.video.play().catch(() => {});
  }

  follow() {
    const { currentTime: now } = this.video, at = this.scenes.findLastIndex((scene) => scene.start <= now + 0.03);
    this.marks.forEach((mark, index) => { if (index === at) mark.setAttribute("aria-current", "true"); else mark.removeAttribute("aria-current"); });
    this.cursor.style.left = `${(100 * now) / this.seconds}%`;
  }

  /** The browser's own switch for subtitles shows what is said. */
  subtitle() {
    const lines = this.heard.filter((one) => one.bus === "narration");
    if (!lines.length || typeof VTTCue === "undefined") return;
    const track = this.video.addTextTrack("subtitles", "Narration");
    track.mode = "hidden";
    for (const one of lines) track.addCue(new VTTCue(one.start, one.end, one.what));
  }

  lanes() {
    return Object.keys(BUSES).filter((bus) => this.heard.some((one) => one.bus === bus)).map((bus) => this.lane(bus, this.heard.filter((one) => one.bus === bus)));
  }

  /** One kind of sound; what is heard at the same time lies in rows below each other. */
  lane(bus, heard) {
    const ends = [];
    const sounds = heard.map((one) => {
      const free = ends.findIndex((end) => end <= one.start + OVERLAP), row = free < 0 ? ends.length : free;
      ends[row] = one.end;
      return K.el("span", {
        class: `fi-sound fi-${bus}`, role: "listitem", title: `${moment(one.start)} to ${moment(one.end)}: ${one.what}${one.sound && one.sound !== one.what ? ` (${one.sound})` : ""}`,
        style: `left: ${(100 * one.start) / this.seconds}%; width: ${(100 * (one.end - one.start)) / this.seconds}%; top: ${17 + ROW * row}px`,
      }, one.what);
    });
    return K.el("div", { class: "fi-lane", role: "list", "aria-label": BUSES[bus], style: `height: ${18 + ROW * ends.length}px` }, K.el("span", { class: "fi-name kin-muted" }, BUSES[bus]), sounds);
  }
}
