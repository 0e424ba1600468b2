// Slots for pictures: start, end, and rows between. A picture is shown at once and uploaded behind; a refused one says so and leaves the slot as it was.
const K = window.kinora;
const host = element.querySelector(".pt");
let value = { first_image: null, last_image: null, images: [] }, kept = "", busy = 0;

const said = K.el("div", { class: "kin-muted", role: "status", "aria-live": "polite" });
const body = K.el("div", { class: "pt-body" });
const add = K.button("Add a picture at a moment", () => { value.images.push({ at: value.images.length ? Number(value.images.at(-1).at || 0) + 1 : 1, image: null }); draw(); body.querySelectorAll(".pt-slot")[value.images.length].focus(); }, { name: "plus", text: true });
host.replaceChildren(K.el("div", { class: "kin-label" }, "Pictures"), body, K.el("div", { class: "kin-line" }, add), said);

const address = (picture) => picture.url ?? `${K.root()}/gradio_api/file=${encodeURI(picture.path)}`;

function slot(label, holder, name) {
  const picture = holder[name];
  const input = K.el("input", { type: "file", accept: "image/*", hidden: true, onchange: () => { if (input.files[0]) load(input.files[0], holder, name); } });
  const button = K.el("button", { type: "button", class: "pt-slot kin-focus", "data-takes-drop": "", "aria-label": picture ? `${label}: ${picture.name}. Change it` : `${label}: choose a picture`, title: label, onclick: () => input.click() },
    picture ? K.el("img", { src: address(picture), alt: "" }) : K.icon("plus"));
  for (const kind of ["dragover", "drop"]) button.addEventListener(kind, (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    if (kind === "drop" && event.dataTransfer.files[0]) load(event.dataTransfer.files[0], holder, name);
  });
  return K.el("div", { class: "pt-cell" }, button, input);
}

function draw() {
  const remove = (label, act) => K.button(label, () => { act(); draw(); tell(); add.focus(); }, { name: "trash" });
  const end = (label, name) => K.el("div", { class: "kin-rowline" }, slot(label, value, name), K.el("span", { class: "kin-grow" }, label), value[name] ? remove(`Remove ${label.toLowerCase()}`, () => { value[name] = null; }) : null);
  const rows = value.images.map((row, index) => {
    const at = K.el("input", { type: "number", class: "kin-input kin-seconds", min: "0", step: "0.5", value: row.at ?? "", "aria-label": `Picture ${index + 1} stands at, in seconds` });
    at.addEventListener("input", () => { row.at = at.value === "" ? null : Number(at.value); tell(); });
    return K.el("div", { class: "kin-rowline" }, slot(`Picture ${index + 1}`, row, "image"), at, K.el("span", { class: "kin-muted kin-grow" }, "s"), remove(`Remove picture ${index + 1}`, () => value.images.splice(index, 1)));
  });
  body.replaceChildren(end("First picture", "first_image"), ...rows, end("Last picture", "last_image"));
  add.disabled = value.images.length >= props.most;
}

async function load(file, holder, name) {
  said.textContent = `Loading ${file.name}…`;
  busy += 1;
  try {
    const stored = await upload(file);
    holder[name] = { path: stored.path, url: stored.url ?? null, name: file.name, orig_name: file.name, meta: { _type: "gradio.FileData" } };
    said.textContent = "";
    draw();
    tell();
  } catch { said.textContent = `${file.name} could not be uploaded: it is too large, or the connection is lost.`; }
  busy -= 1;
}

function tell() {
  const now = JSON.parse(JSON.stringify(value));
  kept = JSON.stringify(now);
  props.value = now;
}

function receive() {
  if (busy || JSON.stringify(props.value ?? {}) === kept) return;
  const named = (picture) => (picture?.path ? { ...picture, name: picture.orig_name ?? picture.name ?? "picture" } : null);
  value = { first_image: named(props.value?.first_image), last_image: named(props.value?.last_image), images: (props.value?.images ?? []).map((row) => ({ at: row.at, image: named(row.image) })) };
  draw();
}
watch("value", receive);
receive();
draw();
