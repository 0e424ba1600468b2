// The list of models: one card each, under headings, with what may be done to it. Figures that move are written into cards that stay.
const LIVE = ["waiting", "working", "stopping"];
const open = new Map();  // card -> "fetch" or "remove": asks once more before it does it
const refusals = new Map();  // card -> why the last press did nothing
const bars = new Map();  // card -> writes the figures of its job

const jobLine = (job) => {
  if (job.state === "waiting") return "Waits for the one before it";
  if (job.waiting) return `${capital(job.waiting)}…`;
  const share = job.total ? ` · ${Math.floor((100 * job.done) / job.total)} %` : "";
  const amount = `${K.bytes(job.done)} of ${K.bytes(job.total)}${share}`;
  if (job.state === "paused") return `Paused at ${amount}`;
  if (job.state === "stopping") return "Stopping…";
  return `${amount}${job.rate ? ` · ${K.bytes(job.rate)}/s · ${K.seconds(job.left)} left` : ""}`;
};

function progress(card) {
  const fill = K.el("i"), line = K.el("span", { class: "kin-grow" }), file = K.el("span", { class: "en-file" });
  const bar = K.el("div", { class: "kin-bar", role: "progressbar", "aria-label": `${card.job.kind === "verify" ? "Verifying" : "Fetching"} ${card.title}`, "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  const write = (job) => {
    const share = job.total ? (100 * job.done) / job.total : 0;
    fill.style.width = `${share}%`;
    bar.setAttribute("aria-valuenow", String(Math.round(share)));
    K.write(line, `${job.kind === "verify" && job.state === "working" ? "Verifying " : ""}${jobLine(job)}`);
    K.write(file, job.state === "working" ? job.file : "");
  };
  write(card.job);
  bars.set(card.id, write);
  return [bar, K.el("div", { class: "kin-line kin-muted" }, line, file)];
}

function asking(card, owner) {
  const fetching = open.get(card.id) === "fetch";
  const shut = () => { open.delete(card.id); look(); };
  const needed = card.needed.length ? ` ${card.needed.map(tabTitle).join(" and ")} cannot work without it.` : "";
  const words = fetching
    ? [K.el("b", {}, `Fetch ${about(card.bytes)}${card.from ? ` from ${card.from}` : ""}?`), K.el("span", {}, `Licence: ${card.licence}. ${card.licence_note}`)]
    : [K.el("b", {}, "Remove it to the trash?"), K.el("span", {}, `It can be brought back for ${owner.trashDays} days.${needed}`)];
  return K.el("div", { class: "kin-note en-ask" }, ...words, K.el("div", { class: "kin-line" },
    K.button(fetching ? "Yes, fetch it" : "Yes, remove it", () => { open.delete(card.id); act(fetching ? "fetch_model" : "remove_model", card); }, { text: true, kind: "primary", name: fetching ? "download" : "trash" }),
    K.button("Not now", shut, { text: true })));
}

function buttons(card, owner) {
  if (!owner.may) return null;
  const job = card.job, live = job && LIVE.includes(job.state), shown = [];
  const add = (label, name, call, options = {}) => {
    const made = K.button(label, call, { name, text: options.text ?? true, kind: options.kind ?? "" });
    made.setAttribute("aria-label", `${label}: ${card.title}`);
    shown.push(made);
  };
  const ask = (what) => () => { open.set(card.id, what); look(); };
  if (live) {
    if (job.can_pause && job.state !== "stopping") add("Pause", "pause", () => act("pause_model", card));
    add("Cancel", "close", () => act("cancel_model", card), { text: !job.can_pause });
  } else if (!card.here && card.source !== "repository" && card.source !== "folder") {
    const left = job && job.kind === "fetch" && (job.state === "paused" || job.state === "failed") && job.done > 0;
    if (card.trashed) add("Restore", "restore", () => act("restore_model", card));
    if (left) add("Go on", "play", () => act("fetch_model", card));
    else if (!card.trashed) add(`Fetch ${about(card.bytes)}`, "download", ask("fetch"));
    if (left) add("Throw away", "trash", () => act("cancel_model", card), { text: false });
  } else if (card.here) {
    add("Verify", "check", () => act("verify_model", card));
    if (card.own) add("Remove", "trash", ask("remove"), { text: false });
  }
  return K.el("div", { class: "kin-line" }, shown);
}

function stateOf(card) {
  const job = card.job;
  if (job && LIVE.includes(job.state)) return job.kind === "verify" ? "verifying" : job.state === "waiting" ? "waiting" : "fetching";
  if (card.here) return "here";
  if (job?.kind === "fetch" && job.state === "paused") return "paused";
  return card.trashed ? "in the trash" : "not here";
}

function modelCard(card, owner) {
  bars.delete(card.id);
  const job = card.job, moving = job && (LIVE.includes(job.state) || (job.state === "paused" && !card.here));
  const state = stateOf(card);
  const facts = [about(card.bytes), card.licence, `${about(card.memory_mib * 2 ** 20)} of memory`];
  return K.el("article", { class: "en-card", "aria-label": card.title },
    K.el("div", { class: "en-head" }, K.el("b", { class: "kin-grow" }, card.title), K.el("span", { class: `kin-tag en-state ${card.here ? "good" : ""}` }, state)),
    K.el("div", { class: "kin-muted" }, facts.join(" · ")),
    K.el("div", { class: "kin-muted" }, `${capital(card.role)}${card.tabs.length ? `. Used by ${card.tabs.map(tabTitle).join(", ")}` : ""}`),
    ...(moving ? progress(card) : []),
    refusals.has(card.id) || job?.error ? K.el("div", { class: "kin-error" }, refusals.get(card.id) ?? job.error) : null,
    job?.said && !moving ? K.el("div", { class: "kin-muted en-said" }, K.icon("check"), `${job.kind === "verify" ? "Verified: " : "Fetched: "}${job.said}`) : null,
    open.has(card.id) ? asking(card, owner) : buttons(card, owner),
    K.el("details", { class: "en-more" }, K.el("summary", {}, "More"), table(row("Good at", card.good_at), row("Weak at", card.bad_at), ...(card.licence_note ? [row("Licence", card.licence_note)] : []),
      row("Lies", card.here ? `${card.lies}${card.path ? `: ${card.path}` : ""}` : "not on this machine"), ...(card.from ? [row("From", card.from)] : []), ...(card.trashed ? [row("In the trash", `${K.bytes(card.trashed.bytes)}, removed ${K.when(card.trashed.removed)}`)] : []))));
}

// What of a card makes it another card: not the figures of a job that goes on.
const printed = (card) => JSON.stringify([{ ...card, job: card.job && [card.job.kind, card.job.state, card.job.error, card.job.said, card.job.can_pause, card.job.done > 0] }, open.get(card.id), refusals.get(card.id), shown.owner]);
const matches = (card, words) => words.every((word) => [card.title, card.role, card.licence, card.group, card.good_at, card.id, ...card.tabs.map(tabTitle)].join(" ").toLowerCase().includes(word));
