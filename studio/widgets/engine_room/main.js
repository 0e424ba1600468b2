// The engine room: figures every two seconds while it is looked at, more often while something is fetched.
const host = element.querySelector(".host") ?? element;
const shown = { owner: { may: true, trashDays: 7 }, words: [], state: null };
const worker = K.el("div", { class: "en-box" }), memory = K.el("div"), resident = K.el("div", { class: "en-box" }), disk = K.el("div", { class: "en-box" }), holds = K.el("div");
const said = K.el("div", { class: "kin-muted en-status", role: "status", "aria-live": "polite" });
const residents = K.el("div", { class: "en-list" });
// The buttons stay through every look: only the figures beside them are written anew.
const freeing = K.button("Free memory", async () => { await server.free_models({}); tell("Asked the worker to drop every idle model."); look(); }, { text: true });
resident.append(K.el("h3", {}, "Memory"), memory, residents, freeing);
let sure = false;  // what is emptied is gone: the button asks once more
const empty = K.button("Empty the trash of models", () => { if (sure) act("empty_models", null); sure = !sure; look(); }, { name: "trash", text: true });
empty.addEventListener("blur", () => { sure = false; });
disk.append(K.el("h3", {}, "Disk"), holds, empty);

const offline = K.el("input", { type: "checkbox", class: "kin-check", role: "switch", onchange: () => act("go_offline", null, { offline: offline.checked }) });
const offlineWord = K.el("span", {}, "Offline: fetch nothing");
const search = K.el("input", { type: "search", class: "kin-input en-search", placeholder: "Search models", "aria-label": "Search models", oninput: () => { shown.words = search.value.toLowerCase().split(/\s+/).filter(Boolean); draw(); } });
const none = K.el("p", { class: "kin-muted" }, "No model has these words.");
const groups = K.el("div", { class: "en-list" });
const models = K.el("div", { class: "en-box en-wide" }, K.el("div", { class: "en-head en-tools" }, K.el("h3", { class: "kin-grow" }, "Models"), K.el("label", { class: "en-switch" }, offline, offlineWord), search), groups, none);
host.append(said, K.el("div", { class: "en-grid" }, worker, resident, disk), models, ownBox);

const made = new Map();
function groupOf(name) {
  if (!made.has(name)) {
    const heading = K.el("span"), list = K.el("div", { class: "en-cards" });
    const box = K.el("details", { class: "en-group", open: name !== "Built in" }, K.el("summary", {}, K.el("h4", {}, name), heading), list);
    made.set(name, { box, heading, show: K.keyed(list, (card) => modelCard(card, shown.owner), printed) });
  }
  return made.get(name);
}

const tell = (line) => K.write(said, line);

function draw() {
  const { state } = shown;
  if (!state) return;
  const cards = state.cards.filter((card) => matches(card, shown.words));
  search.hidden = state.cards.length <= 12;
  none.hidden = cards.length > 0;
  K.settle(groups, state.groups.filter((name) => state.cards.some((card) => card.group === name)).map((name) => {
    const group = groupOf(name), all = state.cards.filter((card) => card.group === name), there = cards.filter((card) => card.group === name);
    K.write(group.heading, `${all.filter((card) => card.here).length} of ${all.length} here`);
    group.show(there);
    group.box.hidden = !there.length;
    if (shown.words.length && group.was === undefined) group.was = group.box.open;
    if (shown.words.length) group.box.open = true;
    else if (group.was !== undefined) { group.box.open = group.was; group.was = undefined; }
    return group.box;
  }));
  for (const card of cards) if (card.job) bars.get(card.id)?.(card.job);
}

async function look() {
  let state;
  try { state = await server.look_engine({}); } catch { tell("The connection is lost."); return; }
  if (!state) { tell("The connection is lost."); return; }
  if (state.error) { tell(state.error); return; }
  const { worker: w } = state, pool = w.pool ?? { models: [], budget: 0, used: 0, history: [] };
  worker.replaceChildren(K.el("h3", {}, "Worker"), table(
    row("State", w.alive === false ? "starting again" : w.run ? "working" : "ready"), row("Process", `${w.pid ?? "-"}${w.restarts ? `, started again ${count(w.restarts, "time", "times")}` : ""} · ${Math.round(w.memory_mib ?? 0)} MiB`),
    row("Machine", `${state.machine.processor}, ${count(state.machine.cores, "core", "cores")}${state.machine.graphics.length ? `; ${state.machine.graphics.join(", ")}` : "; no graphics card, none is needed"}`)), (w.memory ?? []).length > 1 ? curve(w.memory) : "");
  memory.replaceChildren(...memoryOf(pool, w, state));
  residents.replaceChildren(pool.models.length ? table(...pool.models.map((model) => row(model.key, `${K.bytes(model.bytes)} · ${model.users ? `in use by ${model.users}` : `idle ${K.seconds(model.idle)}`} · loaded in ${K.seconds(model.load_seconds)}`)))
    : K.el("p", { class: "kin-muted" }, "No model is loaded. Each is loaded when a run needs it, and stays while there is room."));
  holds.replaceChildren(...diskOf(state));
  empty.hidden = !state.trash_bytes || !state.owner;
  freeing.hidden = !state.owner;
  K.write(empty.querySelector("span"), sure ? `Really? ${K.bytes(state.trash_bytes ?? 0)} of models go for good` : `Empty the trash of models (${K.bytes(state.trash_bytes ?? 0)})`);
  shown.owner = { may: state.owner !== false, trashDays: state.trash_days };
  offline.checked = state.offline; offline.disabled = state.locked || !shown.owner.may;
  K.write(offlineWord, state.locked ? "Offline (set at the start)" : "Offline: fetch nothing");
  ownBox.hidden = !shown.owner.may;
  for (const [id] of open) if (!state.cards.some((card) => card.id === id)) open.delete(id);
  shown.state = state;
  draw();
}

const TOLD = {
  fetch_model: (card) => `${card.title} is being fetched.`, pause_model: (card) => `${card.title} pauses; what has come stays.`, cancel_model: (card) => `${card.title}: stopped, and what had come is thrown away.`,
  verify_model: (card) => `${card.title} is being read again.`, remove_model: (card, answer) => `${card.title} is in the trash (${K.bytes(answer.bytes ?? 0)}).`, restore_model: (card) => `${card.title} is back.`,
  empty_models: (card, answer) => `The trash of models is empty: ${K.bytes(answer.bytes ?? 0)}.`, go_offline: () => (offline.checked ? "Offline: nothing is fetched until you switch it back." : "Models may be fetched again, when you ask for one."),
};

async function act(name, card, data = { model: card?.id }) {
  if (card) refusals.delete(card.id);
  try {
    const answer = (await server[name](data)) ?? {};
    if (answer.error && card) refusals.set(card.id, answer.error);
    tell(answer.error ?? TOLD[name](card, answer));
  }
  catch { tell("The connection is lost."); }
  look();
}

let last = 0;
setInterval(() => {
  const live = shown.state?.cards.some((card) => card.job && LIVE.includes(card.job.state));
  if (!host.offsetParent || document.hidden || Date.now() - last < (live ? 600 : 1950)) return;
  last = Date.now();
  look();
}, 300);
new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) look(); }).observe(host);
