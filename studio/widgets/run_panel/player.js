// The result of a run: player, meters, what made it, and where it can go next.
const K = window.kinora;
const number = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 1 ? value.toFixed(2) : value.toFixed(3));

function meters(list) {
  return K.el("div", { class: "kin-meters", role: "list", "aria-label": "Measured on this result" }, list.map((meter) => {
    const good = meter.good_below !== null && meter.good_below !== undefined && meter.value <= meter.good_below;
    const beside = meter.baseline === null || meter.baseline === undefined ? "" : `${meter.baseline_label || "baseline"}: ${number(meter.baseline)}`;
    return K.el("div", { class: `kin-meter ${good ? "good" : ""}`, role: "listitem", title: meter.help || "" },
      K.el("span", { class: "kin-muted" }, meter.label), K.el("b", {}, `${number(meter.value)} ${meter.unit}`), K.el("span", { class: "kin-muted" }, beside));
  }));
}

function madeBy(status) {
  const rows = K.given({ ...status.request, seed: status.seed }).map(([name, value]) =>
    K.el("tr", {}, K.el("th", { scope: "row" }, name.replaceAll("_", " ")), K.el("td", {}, K.text(name, value))));
  const timings = Object.entries(status.result?.timings ?? {}).map(([name, value]) => `${name} ${K.seconds(value)}`).join(", ");
  if (timings) rows.push(K.el("tr", {}, K.el("th", { scope: "row" }, "time"), K.el("td", {}, timings)));
  return K.el("details", { class: "rp-made" }, K.el("summary", { class: "kin-focus" }, "What made it"), K.el("table", { class: "kin-table" }, K.el("tbody", {}, rows)));
}

const OFFERED = { mask: "Mask", cutout: "Cut-out with transparency", tracks: "Tracks", subtitles: "Subtitles", web_subtitles: "Subtitles", project: "Project", "hand-over": "For editors" };

/** Files of a result beside its clip that a user may want to keep: masks, a cut-out, tracks. */
function offered(status) {
  const files = Object.entries(status.result.artifacts ?? {}).filter(([name]) => name in OFFERED);
  return files.map(([name, file]) => {
    const ending = file.split(".").at(-1), saved = `kinora-${status.id.slice(0, 8)}-${name}.${ending}`, words = `${OFFERED[name]} (${ending.toUpperCase()})`;
    return K.el("a", { class: "kin-button", href: `${K.media(`${status.id}/${file}`)}?download=${encodeURIComponent(saved)}`, download: saved, "aria-label": `Download: ${words}` }, K.icon("download"), K.el("span", {}, words));
  });
}

function player(status, act) {
  const clip = status.result?.clip;
  if (!clip) return K.el("div", {});
  const takes = takesOf(status), source = K.media(`${status.id}/${clip}`);
  const tail = [K.button("Restore settings", () => act("restore"), { name: "restore", text: true }), K.button("Run again", () => act("again"), { name: "again" }), K.button("Copy link", () => act("link"), { name: "link" }),
    ...(props.targets ?? []).map(([id, title]) => K.button(`Send to ${title}`, () => act("send", { tab: id }), { name: "send", text: true }))];
  if (takes.length > 1 || status.result.details?.grid) return K.el("div", { class: "rp-result" }, new Takes(status, act).root, K.el("div", { class: "kin-line" }, tail), madeBy(status));
  const video = K.el("video", { src: source, controls: true, loop: true, playsinline: true, "aria-label": "Result video", poster: status.result.artifacts?.poster ? K.media(`${status.id}/${status.result.artifacts.poster}`) : null });
  video.muted = true;
  if (!K.reduced()) video.autoplay = true;
  const name = `kinora-${status.task}-${status.id.slice(0, 8)}.mp4`;
  const { before, web_subtitles: words } = status.result.artifacts ?? {}, film = status.result.details?.heard ? new Film(video, status.result.details) : null;
  // The browser's own switch shows what is said; a film's narration comes without the file.
  if (words && !film) video.append(K.el("track", { kind: "subtitles", label: "What is said", src: K.media(`${status.id}/${words}`) }));
  return K.el("div", { class: "rp-result" },
    before ? new Compare(video, K.media(`${status.id}/${before}`)).root : video,
    film?.chapters,
    K.el("div", { class: "kin-line" },
      K.el("a", { class: "kin-button", href: `${source}?download=${encodeURIComponent(name)}`, download: name, "aria-label": "Download the video" }, K.icon("download"), K.el("span", {}, "Download")),
      offered(status),
      takes[0].draft ? K.button("Finish this take", () => act("finish", { take: 1 }), { name: "check", kind: "primary", text: true }) : null,
      tail),
    seenWords(status.request, takes[0].details),
    film?.sounds,
    status.result.meters?.length ? meters(status.result.meters) : null,
    madeBy(status));
}
