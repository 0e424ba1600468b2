// The queue: one line a run, looked at every second while the drawer is open.
const K = window.kinora;
const host = element.querySelector(".host") ?? element;
const list = K.el("ol", { class: "qu-list", "aria-label": "Queue" });
const count = K.el("div", { class: "kin-muted", role: "status", "aria-live": "polite" });
host.append(count, list);
const rows = new Map();
let counted = null;

async function look() {
  let runs;
  try { runs = await server.list_queue({ owner: K.owner() }); } catch { return; }
  if (!Array.isArray(runs)) return;
  const waiting = runs.filter((run) => run.state === "queued").length, line = runs.length ? `${waiting} waiting` : "Nothing is running and nothing waits.";
  if (line !== counted) count.textContent = counted = line;  // what was refused is read until the queue changes
  for (const id of [...rows.keys()]) if (!runs.some((run) => run.id === id)) rows.delete(id);
  K.settle(list, runs.map((run) => {
    if (!rows.has(run.id)) rows.set(run.id, new Row(run.id));
    return rows.get(run.id).show(run);
  }));
}

async function act(name, data) {
  const answer = await server[name]({ owner: K.owner(), ...data });
  if (answer?.error) { count.textContent = answer.error; return; }
  counted = null;
  look();
}

/** The line of one run. It stays while the run is listed and only its words change: a press on its buttons and the focus outlive every look. */
class Row {
  constructor(id) {
    Object.assign(this, { id, offered: null, name: K.el("div", { class: "qu-name" }), state: K.el("div", { class: "kin-muted" }), bar: K.el("i"), tools: K.el("div", { class: "kin-line" }) });
    this.track = K.el("div", { class: "kin-bar" }, this.bar);
    this.node = K.el("li", { class: "qu-item" }, this.name, this.state, this.track, this.tools);
  }

  show(run) {
    const states = { running: run.stage ?? "Running", stopping: "Stopping", queued: "Waiting", interrupted: "Interrupted: the studio ended in the middle of it" };
    K.write(this.name, `${run.title}${run.request.prompt ? ": " + run.request.prompt : run.request.image ? ": " + run.request.image : ""}`);
    K.write(this.state, `${states[run.state] ?? run.state}${run.remaining ? ` · about ${K.seconds(run.remaining)} left` : ""}`);
    this.track.style.display = run.state === "running" ? "" : "none";
    this.bar.style.width = `${Math.round((run.share ?? 0) * 100)}%`;
    const offer = run.state in Row.OFFERS ? run.state : "running";
    if (offer !== this.offered) this.tools.replaceChildren(...Row.OFFERS[this.offered = offer](this.id));
    return this.node;
  }

  /** What can be done with a run in each state. */
  static OFFERS = {
    queued: (run) => [
      K.button("Earlier", () => act("move_run", { run, steps: -1 }), { name: "up" }), K.button("Later", () => act("move_run", { run, steps: 1 }), { name: "down" }),
      K.button("Edit", () => trigger("edit", { run }), { name: "edit" }), K.button("Cancel", () => act("stop_run", { run }), { name: "close" }),
    ],
    interrupted: (run) => [K.button("Run it again", () => act("again_run", { run }), { name: "again", kind: "primary", text: true }), K.button("Dismiss", () => act("forget_run", { run }), { name: "close" })],
    running: (run) => [K.button("Stop", () => act("stop_run", { run }), { name: "stop" })],
  };
}

let seen = false;  // a closed drawer is not asked for
new IntersectionObserver((entries) => { seen = entries.at(-1).isIntersecting; if (seen) look(); }).observe(host);
setInterval(() => { if (seen && !document.hidden) look(); }, 1000);
window.addEventListener("kinora-changed", look);
