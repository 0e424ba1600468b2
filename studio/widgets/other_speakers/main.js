// Rows of a face and what it says. Faces are counted by size from 1, as people count; the request counts from 0.
const K = window.kinora;
const host = element.querySelector(".os");
let rows = [], kept = "", busy = 0;

const said = K.el("div", { class: "kin-muted", role: "status", "aria-live": "polite" });
const list = K.el("div", { class: "kin-rows", role: "list" });
const add = K.button("Let another face speak", () => { rows.push({ face: rows.length + 1, audio: null, spans: [], text: "" }); draw(); list.lastChild.querySelector("input").focus(); }, { name: "plus", text: true });
host.replaceChildren(
  K.el("div", { class: "kin-label" }, "Other speakers"),
  K.el("div", { class: "kin-muted" }, "For a picture with several faces. Faces are numbered by size, 1 is the largest. Each says a recording of its own, or parts of the voice above, such as 1.5-3, 6-8 (seconds)."),
  list, K.el("div", { class: "kin-line" }, add), said);

const written = (spans) => spans.map(([from, to]) => `${from}-${to}`).join(", ");

// "1.5-3, 6-8" as [[1.5, 3], [6, 8]]; null when something of it is no span.
function parsed(text) {
  const parts = text.split(/[,;]+/).map((part) => part.trim()).filter(Boolean);
  const spans = parts.map((part) => /^(\d+(?:\.\d+)?)\s*(?:-|–|to)\s*(\d+(?:\.\d+)?)$/.exec(part)?.slice(1).map(Number));
  return spans.every((span) => span && span[1] > span[0]) ? spans : null;
}

function draw() {
  list.replaceChildren(...rows.map((row, index) => {
    const who = `Speaker ${index + 2}`;
    const face = K.el("input", { type: "number", class: "kin-input kin-seconds", min: "1", max: "20", step: "1", value: Array.isArray(row.face) ? "" : row.face + 1, placeholder: Array.isArray(row.face) ? "point" : "", "aria-label": `${who}: which face, 1 is the largest` });
    face.addEventListener("input", () => { if (face.value !== "") row.face = Math.max(0, Math.round(Number(face.value)) - 1); tell(); });
    const input = K.el("input", { type: "file", accept: "audio/*,video/*", hidden: true, onchange: () => { if (input.files[0]) load(input.files[0], row); } });
    const parts = row.audio
      ? K.el("span", { class: "kin-grow" }, row.audio.name)
      : K.el("input", { type: "text", class: "kin-input kin-grow", value: row.text, placeholder: "1.5-3, 6-8", "aria-label": `${who}: parts of the voice in seconds` });
    if (!row.audio) parts.addEventListener("input", () => {
      row.text = parts.value;
      const spans = parsed(row.text);
      parts.setAttribute("aria-invalid", String(spans === null));
      said.textContent = spans === null ? `${who}: write parts as start-end in seconds, separated by commas.` : "";
      row.spans = spans ?? [];
      tell();
    });
    const own = row.audio
      ? K.button(`${who}: use parts of the voice instead`, () => { row.audio = null; draw(); tell(); }, { name: "close" })
      : K.button(`${who}: choose a recording`, () => input.click(), { name: "sound" });
    const remove = K.button(`Remove ${who.toLowerCase()}`, () => { rows.splice(index, 1); draw(); tell(); add.focus(); }, { name: "trash" });
    return K.el("div", { class: "kin-rowline", role: "listitem" }, K.el("span", { class: "kin-muted" }, "Face"), face, parts, own, input, remove);
  }));
  add.disabled = rows.length >= props.most;
}

async function load(file, row) {
  said.textContent = `Loading ${file.name}…`;
  busy += 1;
  try {
    const stored = await upload(file);
    row.audio = { path: stored.path, url: stored.url ?? null, name: file.name, orig_name: file.name, meta: { _type: "gradio.FileData" } };
    said.textContent = "";
    draw();
    tell();
  } catch { said.textContent = `${file.name} could not be uploaded: it is too large, or the connection is lost.`; }
  busy -= 1;
}

function tell() {
  const now = { speakers: rows.map(({ face, audio, spans }) => ({ face, audio, spans })) };
  kept = JSON.stringify(now);
  props.value = now;
}

function receive() {
  if (busy || JSON.stringify(props.value ?? {}) === kept) return;
  rows = (props.value?.speakers ?? []).map((row) => ({
    face: row.face, spans: row.spans ?? [], text: written(row.spans ?? []),
    audio: row.audio?.path ? { ...row.audio, name: row.audio.orig_name ?? row.audio.name ?? "recording" } : null,
  }));
  draw();
}
watch("value", receive);
receive();
draw();
