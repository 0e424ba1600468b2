// The queue: one line a run, looked at every second while the drawer is open.
const K = window.kinora;
const host = element.querySelector(".host") ?? element;
const list = K.el("ol", { class: "qu-list", "aria-label": "Queue" });
const count = K.el("div", { class: "kin-muted", role: "status", "aria-live": "polite" });
host.append(count, list);
let before = "";

async function look() {
  let runs;
  try { runs = await server.list_queue({ owner: K.owner() }); } catch { return; }
  if (!Array.isArray(runs)) return;
  const text = JSON.stringify(runs);
  if (text === before) return;
  before = text;
  const waiting = runs.filter((run) => run.state === "queued").length;
  count.textContent = runs.length ? `${waiting} waiting` : "Nothing is running and nothing waits.";
  list.replaceChildren(...runs.map(row));
}

async function act(name, data) {
  const answer = await server[name]({ owner: K.owner(), ...data });
  if (answer?.error) count.textContent = answer.error;
  before = "";
  look();
}

function row(run) {
  const name = `${run.title}${run.request.prompt ? ": " + run.request.prompt : run.request.image ? ": " + run.request.image : ""}`;
  const states = { running: run.stage ?? "Running", stopping: "Stopping", queued: "Waiting", interrupted: "Interrupted: the studio ended in the middle of it" };
  const tools = run.state === "queued"
    ? [K.button("Earlier", () => act("move_run", { run: run.id, steps: -1 }), { name: "up" }), K.button("Later", () => act("move_run", { run: run.id, steps: 1 }), { name: "down" }),
       K.button("Edit", () => trigger("edit", { run: run.id }), { name: "edit" }), K.button("Cancel", () => act("stop_run", { run: run.id }), { name: "close" })]
    : run.state === "interrupted"
      ? [K.button("Run it again", () => act("again_run", { run: run.id }), { name: "again", kind: "primary", text: true }), K.button("Dismiss", () => act("forget_run", { run: run.id }), { name: "close" })]
      : [K.button("Stop", () => act("stop_run", { run: run.id }), { name: "stop" })];
  const share = run.state === "running" ? K.el("div", { class: "kin-bar" }, K.el("i", { style: `width:${Math.round((run.share ?? 0) * 100)}%` })) : null;
  return K.el("li", { class: "qu-item" }, K.el("div", { class: "qu-name" }, name),
    K.el("div", { class: "kin-muted" }, `${states[run.state] ?? run.state}${run.remaining ? ` · about ${K.seconds(run.remaining)} left` : ""}`), share, K.el("div", { class: "kin-line" }, tools));
}

let seen = false;  // a closed drawer is not asked for
new IntersectionObserver((entries) => { seen = entries.at(-1).isIntersecting; if (seen) look(); }).observe(host);
setInterval(() => { if (seen && !document.hidden) look(); }, 1000);
window.addEventListener("kinora-changed", look);
