// The engine room: figures every two seconds while it is looked at.
const K = window.kinora;
const host = element.querySelector(".host") ?? element;
const worker = K.el("div", { class: "en-box" }), resident = K.el("div", { class: "en-box" }), cards = K.el("div", { class: "en-box" }), disk = K.el("div", { class: "en-box" });
const said = K.el("div", { class: "kin-muted", role: "status", "aria-live": "polite" });
host.append(said, K.el("div", { class: "en-grid" }, worker, resident, disk, cards));
const figures = K.el("div", { class: "en-list" }), list = K.el("div", { class: "en-list" }), busy = new Set();
// The buttons stay through every look: only the figures beside them are written anew.
resident.append(K.el("h3", {}, "Resident models"), figures, K.button("Free memory", async () => { await server.free_models({}); said.textContent = "Asked the worker to drop every idle model."; look(); }, { text: true }));
cards.append(K.el("h3", {}, "Models"), list);
const showModels = K.keyed(list, model, (card) => JSON.stringify([card, busy.has(card.id)]));

const row = (name, value) => K.el("tr", {}, K.el("th", { scope: "row" }, name), K.el("td", {}, value));
const table = (...rows) => K.el("table", { class: "kin-table" }, K.el("tbody", {}, rows));

function curve(points) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 300 60"); svg.setAttribute("class", "en-curve"); svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img"); svg.setAttribute("aria-label", "Memory of the worker over the last minutes");
  const top = Math.max(...points.map((p) => p[1]), 1) * 1.1, first = points[0]?.[0] ?? 0, span = Math.max((points.at(-1)?.[0] ?? 1) - first, 1);
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  line.setAttribute("points", points.map(([time, mib]) => `${((time - first) / span) * 300},${60 - (mib / top) * 58}`).join(" "));
  svg.append(line);
  return svg;
}

async function look() {
  let state;
  try { state = await server.look_engine({}); } catch { said.textContent = "The connection is lost."; return; }
  if (!state) { said.textContent = "The connection is lost."; return; }
  if (state.error) { said.textContent = state.error; return; }
  const { worker: w } = state, pool = w.pool ?? { models: [], budget: 0, used: 0, history: [] };
  worker.replaceChildren(K.el("h3", {}, "Worker"), table(
    row("State", w.alive === false ? "starting again" : w.run ? "working" : "ready"), row("Memory", `${Math.round(w.memory_mib ?? 0)} MiB of ${Math.round((state.machine.memory_mib ?? 0) / 1024)} GiB (${Math.round((state.free_mib ?? 0) / 1024)} GiB free)`),
    row("Machine", `${state.machine.processor}, ${state.machine.cores} cores${state.machine.graphics.length ? `; ${state.machine.graphics.join(", ")}` : "; no graphics card, none is needed"}`), row("Process", `${w.pid ?? "-"}${w.restarts ? `, started again ${w.restarts} times` : ""}`)), (w.memory ?? []).length > 1 ? curve(w.memory) : "");
  figures.replaceChildren(table(row("Budget", `${K.bytes(pool.used)} of ${K.bytes(pool.budget)}`)),
    pool.models.length ? table(...pool.models.map((model) => row(model.key, `${K.bytes(model.bytes)} · ${model.users ? `in use by ${model.users}` : `idle ${K.seconds(model.idle)}`} · loaded in ${K.seconds(model.load_seconds)}`)))
      : K.el("p", { class: "kin-muted" }, "None is loaded. The tabs of today need none: they move pixels by themselves."));
  disk.replaceChildren(K.el("h3", {}, "Disk"), table(row("Results and trash", `${K.bytes(state.results_bytes)} of ${state.keep_gib} GiB`), row("Fetching models", state.offline ? "off (offline)" : "only when asked")));
  showModels(state.cards);
}

function model(card) {
  return K.el("div", { class: "en-card" },
    K.el("div", { class: "kin-line" }, K.el("b", { class: "kin-grow" }, card.title), K.el("span", { class: "kin-tag" }, card.here ? "here" : "not here"), K.el("span", { class: "kin-tag" }, K.bytes(card.bytes)), K.el("span", { class: "kin-tag" }, card.licence)),
    K.el("div", { class: "kin-muted" }, `${card.role}. Good at: ${card.good_at} Weak at: ${card.bad_at} ${card.licence_note}`),
    K.el("div", { class: "kin-line" }, card.source === "repository" ? K.el("span", {}, card.here ? "Ships with Kinora" : "Missing: restore assets/models") : card.here ? K.button(`Remove ${card.title}`, () => change("remove_model", card), { name: "trash" }) : K.button(busy.has(card.id) ? "Fetching…" : `Fetch ${K.bytes(card.bytes)}`, () => change("fetch_model", card), { name: "download", text: true })));
}

async function change(name, card) {
  if (busy.has(card.id)) return;
  busy.add(card.id);
  said.textContent = name === "fetch_model" ? `Fetching ${card.title}…` : `Removing ${card.title}…`;
  look();
  try { const answer = await server[name]({ model: card.id }); said.textContent = answer?.error ?? (name === "fetch_model" ? `${card.title} is here and verified.` : `${card.title} is removed; it can be fetched again.`); }
  catch { said.textContent = "The connection is lost."; }
  busy.delete(card.id);
  look();
}

setInterval(() => { if (host.offsetParent && !document.hidden) look(); }, 2000);
new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) look(); }).observe(host);
