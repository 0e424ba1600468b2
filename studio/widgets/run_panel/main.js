// Run and Stop, and the watch over one run. The run lives on the server: this panel only looks at it, and finds it again after a reload.
const tab = props.tab, key = "run." + tab;
const SAVE = "Save into the waiting run", STOP = "Stop";
let RUN = "Run", patience = null, run = null, status = null, timer = null, pressed = 0, shown = "", polls = 0, failures = 0, starting = false;
let example = 0; // which of the tab's examples was chosen last: the form opens with the first one

const main = K.button(RUN, press, { name: "play", kind: "primary rp-main", text: true });
const head = K.el("div", { class: "rp-head", role: "status", "aria-live": "polite" });
const bar = K.el("i", {});
const track = K.el("div", { class: "kin-bar", role: "progressbar", "aria-label": "Progress of the run", "aria-valuemin": "0", "aria-valuemax": "100" }, bar);
const notes = K.el("div", { class: "rp-notes" }), showNotes = K.keyed(notes, (note) => K.el("div", { class: "kin-note" }, note.id));
const stage = K.el("div", { class: "rp-stage" });
const host = element.querySelector(".rp") ?? element;
host.append(main, head, track, notes, stage);
rest();

function rest() {
  track.style.visibility = "hidden";
  const clip = props.shown?.[example];
  stage.replaceChildren(clip ? shownClip(clip) : K.el("div", { class: "rp-empty" }, K.el("p", {}, "The result appears here."), K.el("p", { class: "kin-muted" }, "Press Run, or Ctrl + Enter.")));
}

/** What the example became on another machine. It is fetched when it comes into view: most tabs are never looked at. */
function shownClip(name) {
  const video = K.el("video", { controls: true, loop: true, playsinline: true, preload: "none", "aria-label": "What this example becomes" });
  video.muted = true;
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    video.src = `${K.root()}/kinora/example/${name}`;
    if (K.reduced()) video.preload = "metadata";
    else video.play().catch(() => {});
  });
  seen.observe(video);
  return K.el("figure", { class: "rp-shown" }, video, K.el("figcaption", { class: "kin-muted" }, "What this example becomes, made before and a little smaller. Press Run, or Ctrl + Enter, to make your own."));
}

window.addEventListener("kinora-example", (event) => {
  if (event.detail.tab !== tab || status?.active) return;
  example = event.detail.index;
  run = status = null;
  notes.replaceChildren();
  say("");
  rest();
});

let labelled = "";
function label(word, kind, icon, disabled = false) {
  main.disabled = disabled;
  const now = `${word} ${kind} ${icon}`;
  if (now === labelled) return;  // a new look must not take the button's face away under a press
  labelled = now;
  main.replaceChildren(K.icon(icon), K.el("span", {}, word));
  main.className = `kin-button ${kind} rp-main`;
  main.setAttribute("aria-label", word);
  main.title = word;
}

function press() {
  if (starting) return;
  if (run && status?.active && RUN !== SAVE) { halt(); return; }
  starting = true;
  label("Starting…", "primary", "play", true);
  trigger("start", { owner: K.owner() });
  // The answer comes through props.value; should it be lost, the button must not stay dead.
  clearTimeout(patience);
  patience = setTimeout(() => { if (starting) { starting = false; label(RUN, "primary", "play"); } }, 15000);
}

async function halt() {
  pressed = performance.now();
  label("Stopping…", "danger", "stop", true);
  try { await server.stop_run({ run }); } catch { /* the next look tells */ }
  look();
}

function attach(id) {
  run = id; status = null; shown = ""; failures = 0;
  K.store.set(key, id);
  clearTimeout(timer);
  look();
}

async function look() {
  clearTimeout(timer);
  const asked = run;
  if (!asked) return;
  let answer;
  // A server that is gone makes the call fail, or answer nothing, as Gradio's client pleases.
  try { answer = await server.watch_run({ run: asked }); if (!answer) throw new Error("no answer"); failures = 0; }
  catch { failures += 1; head.textContent = "The connection is lost; the run goes on. Trying again…"; timer = setTimeout(look, Math.min(500 * 2 ** failures, 5000)); return; }
  if (asked !== run) return;
  if (answer.error && !answer.id) { K.store.remove(key); run = null; label(RUN, "primary", "play"); say(""); rest(); return; }
  const before = status?.state;
  status = answer;
  window.dispatchEvent(new CustomEvent("kinora-run", { detail: { tab, status } })); // widgets of the tab whose errand it is show it, too
  draw(before);
  if (status.active) timer = setTimeout(look, document.hidden ? 1500 : pressed ? 80 : polls++ < 20 ? 150 : 300);
}

const say = (line) => { if (head.textContent !== line) head.textContent = line; };

function draw(before) {
  const { state } = status;
  if (status.active) {
    if (state === "stopping") label("Stopping…", "danger", "stop", true);
    else label(STOP, "danger", "stop");
    track.style.visibility = "visible";
    bar.style.width = `${Math.round(status.share * 100)}%`;
    track.setAttribute("aria-valuenow", Math.round(status.share * 100));
    if (state === "queued") say(status.place > 1 ? `Waiting: number ${status.place} in the queue` : "Waiting for the worker");
    else {
      const count = status.count ? ` ${status.count[0]} of ${status.count[1]}` : "";
      const stalled = status.stalled ? ` · nothing has moved for ${status.stalled} s` : "";
      say(`${status.stage ?? "Starting"}${count} · ${K.seconds(status.elapsed)}${status.remaining ? ` · about ${K.seconds(status.remaining)} left` : ""}${stalled}`);
    }
    if (status.preview && shown !== status.preview) {
      shown = status.preview;
      const next = new Image();
      next.onload = () => { if (status.active) stage.replaceChildren(next); };
      next.alt = "Preview of the running result";
      next.className = "rp-preview";
      next.src = K.media(status.preview);
    }
  } else {
    label(RUN, "primary", "play");
    track.style.visibility = "hidden";
    finish(before);
  }
  showNotes(status.notes.map((note) => ({ id: note.text })));
}

function finish(before) {
  const { state } = status;
  const took = pressed ? ` after ${K.seconds((performance.now() - pressed) / 1000)}` : "";
  if (state === "done") say(`Done in ${K.seconds(status.elapsed)}`);
  else if (state === "cancelled") say(status.result ? `Stopped${took}; what was finished is kept` : `Stopped${took}; nothing was finished yet`);
  else if (state === "interrupted") say("This run was interrupted when the studio ended.");
  else say("");
  pressed = 0;
  if (state === "done" || (state === "cancelled" && status.result)) stage.replaceChildren(player(status, act));
  else if (state === "failed") stage.replaceChildren(K.el("div", { class: "kin-error", role: "alert" }, status.error ?? "It failed."), K.el("div", { class: "kin-line" }, K.button("Run again", () => act("again"), { name: "again", text: true })));
  else if (state === "interrupted") stage.replaceChildren(K.el("div", { class: "kin-line" }, K.button("Run it again", () => act("again"), { name: "again", kind: "primary", text: true })));
  else rest();
  if (before && before !== state) trigger("ended", {});
  if (before && before !== state && (state === "done" || state === "failed")) {
    K.announce(state === "done" ? `${status.title} is done` : `${status.title} failed`, status.error ?? "Open the studio to see it.");
    window.dispatchEvent(new CustomEvent("kinora-changed"));
  }
}

async function act(name, more = {}) {
  if (name === "restore") trigger("restore", { run, owner: K.owner() });
  else if (name === "send") trigger("send", { run, tab: more.tab });
  else if (name === "apply") { trigger("apply", { fields: more }); say("The settings are in the form; press Run."); }
  else if (name === "again" || name === "finish") {
    const answer = name === "again" ? await server.run_again({ run, owner: K.owner() }) : await server.finish_take({ run, take: more.take, owner: K.owner() });
    if (answer?.run) attach(answer.run);
    else fail(answer?.error ?? "The connection is lost: try again.");
  } else if (name === "link") {
    const address = `${location.origin}${location.pathname}?run=${run}`;
    try { await navigator.clipboard.writeText(address); say("The link is copied: whoever has it sees this run."); } catch { say(address); }
  }
}

function fail(line) {
  label(RUN, "primary", "play");
  say("");
  track.style.visibility = "hidden";
  notes.replaceChildren(K.el("div", { class: "kin-error", role: "alert" }, line));
}

let nonce = props.value?.nonce ?? 0;
watch("value", () => {
  const value = props.value ?? {};
  if (value.nonce === nonce) return;
  nonce = value.nonce;
  starting = false;
  polls = 0;
  RUN = value.edit ? SAVE : "Run";
  if (value.edit) { clearTimeout(timer); run = null; label(RUN, "primary", "edit"); say("Change the settings, then save them: the run keeps its place in the queue."); track.style.visibility = "hidden"; notes.replaceChildren(); rest(); }
  else if (value.error) fail(value.error);
  else if (value.run) { notes.replaceChildren(); stage.querySelector("video")?.pause(); attach(value.run); window.dispatchEvent(new CustomEvent("kinora-changed")); }
});

document.addEventListener("visibilitychange", () => { if (!document.hidden && status?.active) look(); });
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && host.offsetParent) { event.preventDefault(); if (!status?.active) press(); }
});

// A link names its run; otherwise the last one of this tab is found again.
const linked = new URLSearchParams(location.search).get("run");
const last = linked && /^[0-9a-f]{32}$/.test(linked) ? linked : K.store.get(key);
trigger("hello", { owner: K.owner(), run: last, linked: Boolean(linked), defaults: K.store.get("defaults." + tab) });
if (last) {
  server.watch_run({ run: last }).then((answer) => { if (!run && answer?.id && props.tasks.includes(answer.task)) attach(last); }).catch(() => {});
}
