// The library: cards that play while hovered or focused, a filter, details, and a trash from which things come back.
const K = window.kinora;
const host = element.querySelector(".host") ?? element;
let runs = [], trash = false, open = null;

const search = K.el("input", { type: "search", class: "li-search kin-focus", placeholder: "Search settings, words, names", "aria-label": "Search the library", oninput: draw });
const filter = K.el("select", { class: "li-search kin-focus", "aria-label": "Show results of", onchange: draw }, K.el("option", { value: "" }, "All tabs"), (props.tabs ?? []).map((tab) => K.el("option", { value: tab.task }, tab.title)));
const bin = K.button("Trash", () => { trash = !trash; bin.setAttribute("aria-pressed", trash); bin.classList.toggle("primary", trash); load(); }, { name: "trash", text: true });
const said = K.el("div", { class: "kin-muted", role: "status", "aria-live": "polite" });
const grid = K.el("div", { class: "kin-grid" }), showCards = K.keyed(grid, card, (run) => JSON.stringify([run, trash, K.when(run.created)]));
const details = K.el("div", { class: "li-details" });
host.append(K.el("div", { class: "kin-line" }, search, filter, bin), said, details, grid);

async function load() {
  try { const answer = await server.list_results({ owner: K.owner(), trash }); runs = Array.isArray(answer) ? answer : []; } catch { said.textContent = "The connection is lost."; return; }
  draw();
}

function draw() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = runs.filter((run) => (!filter.value || run.task === filter.value) && words.every((word) => (run.title + JSON.stringify(run.request)).toLowerCase().includes(word)));
  said.textContent = shown.length ? `${shown.length} result${shown.length > 1 ? "s" : ""}` : trash ? "The trash is empty." : runs.length ? "Nothing matches." : "Nothing has been made yet. What you make appears here.";
  showCards(shown);
}

function card(run) {
  const files = run.result.artifacts ?? {};
  const still = files.poster ? K.media(`${run.id}/${files.poster}`) : null;
  const moving = files.hover ? K.media(`${run.id}/${files.hover}`) : null;
  const picture = K.el("img", { src: still, alt: `${run.title}, ${K.when(run.created)}`, loading: "lazy" });
  const play = () => { if (moving && !K.reduced()) picture.src = moving; };
  const pause = () => { if (still) picture.src = still; };
  const figure = K.el("figure", { onmouseenter: play, onmouseleave: pause, onclick: () => show(run) }, picture);
  const name = K.el("button", { type: "button", class: "li-name kin-focus", onclick: () => show(run), onfocus: play, onblur: pause }, run.title);
  return K.el("article", { class: "kin-card" }, figure, K.el("div", { class: "body" },
    K.el("div", { class: "kin-line" }, name, run.result.partial ? K.el("span", { class: "kin-tag" }, "stopped early") : null, run.result.details?.takes?.length > 1 ? K.el("span", { class: "kin-tag" }, `${run.result.details.takes.length} takes`) : null, run.pinned ? K.el("span", { class: "kin-tag" }, "pinned") : null),
    run.request.prompt ? K.el("div", { class: "li-words" }, run.request.prompt) : null,
    K.el("div", { class: "kin-muted" }, `${K.when(run.created)}${run.seconds ? ` · made in ${K.seconds(run.seconds)}` : ""}`),
    trash
      ? K.el("div", { class: "kin-line" }, K.button("Bring back", () => act("untrash_run", run), { name: "restore", text: true }))
      : K.el("div", { class: "kin-line" }, K.button("Restore settings", () => trigger("restore", { run: run.id }), { name: "restore" }),
        K.button(run.pinned ? "Unpin" : "Pin", () => act("pin_run", run, { pinned: !run.pinned }), { name: "pin" }), K.button("Move to trash", () => act("trash_run", run), { name: "trash" }))));
}

async function act(name, run, more = {}) {
  const answer = await server[name]({ run: run.id, ...more });
  await load();
  if (answer?.error) said.textContent = answer.error;
  else if (name === "trash_run") {
    if (open === run.id) { open = null; details.replaceChildren(); }
    said.replaceChildren("Moved to the trash. ", K.button("Undo", () => act("untrash_run", run), { text: true }));
  }
}

function show(run) {
  open = run.id;
  const source = K.media(`${run.id}/${run.result.clip}`), name = `kinora-${run.task}-${run.id.slice(0, 8)}.mp4`;
  const video = K.el("video", { src: source, controls: true, loop: true, playsinline: true, "aria-label": "Result video" });
  video.muted = true;
  if (!K.reduced()) video.autoplay = true;
  const rows = K.given({ ...run.request, seed: run.seed }).map(([key, value]) => K.el("tr", {}, K.el("th", { scope: "row" }, key.replaceAll("_", " ")), K.el("td", {}, K.text(key, value))));
  const meters = (run.result.meters ?? []).map((meter) => K.el("tr", {}, K.el("th", { scope: "row" }, meter.label), K.el("td", {}, `${meter.value.toFixed(3)} ${meter.unit}`)));
  // Several takes play together only in the run panel, and only there a draft is finished.
  const takes = run.result.details?.takes ?? [], all = takes.length > 1 ? `Open all ${takes.length} takes` : takes[0]?.draft ? "Open the draft" : null;
  const targets = (props.tabs ?? []).filter((tab) => tab.takes).map((tab) => K.button(`Send to ${tab.title}`, () => trigger("send", { run: run.id, tab: tab.id }), { name: "send", text: true }));
  const close = K.button("Close", () => { open = null; details.replaceChildren(); }, { name: "close" });
  details.replaceChildren(K.el("div", { class: "kin-card li-open" }, video, K.el("div", { class: "body" },
    K.el("div", { class: "kin-line" }, K.el("b", { class: "kin-grow" }, run.title), close),
    K.el("div", { class: "kin-line" }, K.button("Restore settings", () => trigger("restore", { run: run.id }), { name: "restore", text: true }), all ? K.el("a", { class: "kin-button", href: `?run=${run.id}` }, K.icon("play"), K.el("span", {}, all)) : null, targets,
      K.el("a", { class: "kin-button", href: `${source}?download=${name}`, download: name }, K.icon("download"), K.el("span", {}, "Download"))),
    K.el("table", { class: "kin-table" }, K.el("tbody", {}, rows, meters)))));
  details.scrollIntoView({ behavior: K.reduced() ? "auto" : "smooth", block: "nearest" });
  close.focus({ preventScroll: true });
}

window.addEventListener("kinora-changed", () => { if (host.offsetParent) load(); });
new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) load(); }).observe(host);
