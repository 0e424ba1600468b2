// Takes side by side, or a grid of them as a table: players that run together, one of them chosen and shown large.

/** What is known of each clip of a result: [{clip, seed, label, details, meters, draft, changes, rank}]. A result without takes has one. */
function takesOf(status) {
  const { result } = status, takes = result?.details?.takes;
  if (Array.isArray(takes) && takes.length) return takes;
  return result?.clip ? [{ clip: result.clip, seed: status.seed, label: "", details: result.details ?? {}, meters: result.meters ?? [], draft: false, changes: {} }] : [];
}

class Takes {
  constructor(status, act) {
    Object.assign(this, { status, act, takes: takesOf(status), grid: status.result.details?.grid ?? null, videos: [], chosen: -1, playing: false, held: false });
    this.cards = this.takes.map((take, index) => this.card(take, index));
    this.big = K.el("div", { class: "tk-big", hidden: true });
    this.toggle = K.button("Play all", () => this.setPlaying(!this.playing), { name: "play" });
    this.scrub = K.el("input", { type: "range", class: "tk-scrub kin-focus", min: "0", max: "1", step: "0.001", value: "0", "aria-label": "Time of all takes" });
    this.time = K.el("span", { class: "kin-muted tk-time" });
    this.said = K.el("span", { class: "tk-live", role: "status", "aria-live": "polite" });
    this.scrub.addEventListener("input", () => { this.held = true; this.setPlaying(false); this.seek(Number(this.scrub.value)); });
    this.scrub.addEventListener("change", () => { this.held = false; });
    const all = this.grid ? this.table() : K.el("div", { class: "tk-row", role: "group", "aria-label": "Takes" }, this.cards.map((card) => card.root));
    this.root = K.el("div", { class: "tk" }, this.big, all, K.el("div", { class: "tk-transport" }, this.toggle, this.scrub, this.time), this.said);
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.root.takes = this;
    this.clock = setInterval(() => this.tick(), 120);
    if (!K.reduced()) this.setPlaying(true);
  }

  video(take, label) {
    const video = K.el("video", { src: this.address(take), playsinline: true, preload: "auto", "aria-label": label, tabindex: "-1" });
    video.muted = true;
    video.addEventListener("loadedmetadata", () => this.showTime());
    this.videos.push(video);
    return video;
  }

  address(take) { return K.media(`${this.status.id}/${take.clip}`); }

  card(take, index) {
    const video = this.video(take, take.label);
    const best = this.best(take);
    const choose = K.el("button", { type: "button", class: "tk-choose kin-focus", "aria-pressed": "false", "aria-label": `Choose ${take.label}${best ? ", which fits the words best" : ""}`, onclick: () => this.choose(this.chosen === index ? -1 : index) }, video);
    const words = K.el("div", { class: "tk-label" }, K.el("b", {}, this.grid ? "" : capital(take.label)), this.grid ? null : K.el("span", { class: "kin-muted" }, `seed ${take.seed}`), best);
    const root = this.grid ? K.el("div", { class: "tk-cell" }, choose, best) : K.el("div", { class: "tk-card" }, choose, words, K.el("div", { class: "kin-line" }, this.actions(take, index, true)));
    return { root, choose, video };
  }

  /** The mark of the take whose frames CLIP finds nearest to the words, beside unrelated ones; files and takes stay in the order of their seeds. */
  best(take) { return take.rank === 1 ? K.el("span", { class: "kin-tag tk-best", title: "By CLIP, beside unrelated words: see Prompt fit of each take" }, "fits the words best") : null; }

  actions(take, index, small) {
    const name = `kinora-${this.status.task}-${this.status.id.slice(0, 8)}-${index + 1}.mp4`, called = take.label || "this take";
    const finish = take.draft ? K.button("Finish this take", () => this.act("finish", { take: index + 1 }), { name: "check", kind: small ? "" : "primary", text: true }) : null;
    return [
      small ? null : finish,
      K.el("a", { class: "kin-button", href: `${this.address(take)}?download=${encodeURIComponent(name)}`, download: name, "aria-label": `Download ${called}`, title: `Download ${called}` }, K.icon("download"), small ? null : K.el("span", {}, "Download")),
      this.grid
        ? K.button("Use these values", () => this.act("apply", { ...take.changes, seed: take.seed, grid: null }), { name: "edit", text: true })
        : K.button(small ? `Use the seed of ${called}` : "Use this seed", () => this.act("apply", { seed: take.seed, takes: 1 }), { name: "pin", text: !small }),
      small ? finish : null,
    ];
  }

  /** The grid as a table: x along the rows, y down. */
  table() {
    const { x_field: x, x_values: across, y_field: y, y_values: down } = this.grid, say = (name, value) => [K.el("span", {}, `${name.replaceAll("_", " ")} `), worded(value)];
    const head = K.el("tr", {}, y ? K.el("td", {}) : null, across.map((value) => K.el("th", { scope: "col" }, say(x, value))));
    const rows = (y ? down : [null]).map((value, row) => K.el("tr", {}, y ? K.el("th", { scope: "row" }, say(y, value)) : null,
      across.map((_, column) => K.el("td", {}, this.cards[row * across.length + column]?.root ?? K.el("span", { class: "kin-muted" }, "not made")))));
    const called = y ? `${x} across, ${y} down` : x;
    return K.el("div", { class: "tk-scroll" }, K.el("table", { class: "tk-table" }, K.el("caption", { class: "tk-live" }, called.replaceAll("_", " ")), K.el("thead", {}, head), K.el("tbody", {}, rows)));
  }

  choose(index) {
    this.chosen = index;
    this.cards.forEach((card, at) => card.choose.setAttribute("aria-pressed", String(at === index)));
    this.videos = this.cards.map((card) => card.video);
    this.big.hidden = index < 0;
    if (index < 0) { this.big.replaceChildren(); return; }
    const take = this.takes[index], video = this.video(take, `${take.label}, large`), at = this.master()?.currentTime ?? 0;
    video.addEventListener("loadedmetadata", () => { video.currentTime = Math.min(at, video.duration); if (this.playing) video.play().catch(() => {}); }, { once: true });
    const close = K.button("Show all alike", () => { this.choose(-1); this.cards[index].choose.focus(); }, { name: "close" });
    this.big.replaceChildren(video,
      K.el("div", { class: "kin-line" }, K.el("b", { class: "kin-grow" }, capital(take.label)), this.best(take), close),
      K.el("div", { class: "kin-line" }, this.actions(take, index, false)),
      seenWords({ ...this.status.request, ...take.changes }, take.details), take.meters?.length ? meters(take.meters) : "");
    this.said.textContent = `${take.label} is shown large`;
  }

  // ---- playing together ----------------------------------------------------------------------------------------------

  /** The longest clip keeps the time; the others follow it. */
  master() { return this.videos.reduce((best, video) => (!best || (video.duration || 0) > (best.duration || 0) ? video : best), null); }

  setPlaying(on) {
    this.playing = on;
    for (const video of this.videos) {
      if (!on) video.pause();
      else if (!video.ended) video.play().catch(() => {});
    }
    this.toggle.replaceChildren(K.icon(on ? "pause" : "play"));
    const word = on ? "Pause all" : "Play all";
    this.toggle.setAttribute("aria-label", word);
    this.toggle.title = word;
    if (on && this.master()?.ended) this.again();
  }

  seek(share) {
    const time = share * (this.master()?.duration || 0);
    for (const video of this.videos) if (video.duration) video.currentTime = Math.min(time, video.duration - 0.001);
    this.showTime();
  }

  again() {
    for (const video of this.videos) { video.currentTime = 0; if (this.playing) video.play().catch(() => {}); }
  }

  /** Keeps the players together: a browser starts each a little later than it was told to. */
  tick() {
    if (!this.root.isConnected && this.seen) { clearInterval(this.clock); return; }
    this.seen ||= this.root.isConnected;
    const master = this.master();
    if (!master?.duration) return;
    if (this.playing && master.ended) this.again();
    else if (this.playing && master.paused && master.readyState > 2) master.play().catch(() => {});
    for (const video of this.videos) {
      if (video === master || !video.duration || video.seeking) continue;
      const wanted = Math.min(master.currentTime, video.duration - 0.001);
      if (Math.abs(video.currentTime - wanted) > (this.playing ? 0.1 : 0.02)) video.currentTime = wanted;
      if (this.playing && video.paused && !video.ended && master.currentTime < video.duration - 0.1) video.play().catch(() => {});
    }
    this.showTime();
  }

  showTime() {
    const master = this.master();
    if (!master?.duration) return;
    if (!this.held) this.scrub.value = String(master.currentTime / master.duration);
    this.time.textContent = `${master.currentTime.toFixed(1)} / ${master.duration.toFixed(1)} s`;
    this.scrub.setAttribute("aria-valuetext", `${master.currentTime.toFixed(1)} seconds`);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.cards.findIndex((card) => card.choose === document.activeElement), columns = this.grid ? this.grid.x_values.length : this.cards.length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (event.key === " " && at >= 0) this.setPlaying(!this.playing);
    else if (event.key === "Escape" && this.chosen >= 0) this.choose(-1);
    else if (step && at >= 0) this.cards[Math.max(0, Math.min(this.cards.length - 1, at + step))].choose.focus();
    else return;
    event.preventDefault();
  }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const worded = (value) => (value === true ? "on" : value === false ? "off" : String(value));

/** The prompt with each word tinted by how well it is seen in the result; nothing when it was not measured. */
function seenWords(request, details) {
  const prompt = [...String(request.prompt ?? "")], scores = (Array.isArray(details?.words) ? details.words : [])
    .filter((word) => Array.isArray(word) && word[0] < word[1] && word[1] <= prompt.length && Number.isFinite(word[2])).sort((a, b) => a[0] - b[0]);
  if (!scores.length) return "";
  const parts = [], text = (from, to) => prompt.slice(from, to).join("");
  let at = 0;
  for (const [from, to, score] of scores) {
    if (from < at) continue;
    const percent = Math.round(100 * Math.max(0, Math.min(1, score)));
    parts.push(text(at, from), K.el("span", { class: `tk-word${percent < 50 ? " missed" : ""}`, style: `--seen: ${percent}%`, title: `seen: ${percent} %` }, text(from, to)));
    at = to;
  }
  parts.push(text(at, prompt.length));
  const least = scores.reduce((worst, word) => (word[2] < worst[2] ? word : worst));
  const line = least[2] < 0.5 ? `Least seen: “${text(least[0], least[1])}” (${Math.round(100 * Math.max(0, least[2]))} %). Say it earlier, alone, or with a nearer word.` : "Every word is seen.";
  return K.el("div", { class: "tk-words" }, K.el("b", {}, "Which words are seen"), K.el("p", {}, parts), K.el("p", { class: "kin-muted" }, line));
}
