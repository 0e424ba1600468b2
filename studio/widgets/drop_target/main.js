// One drop target for the whole page. Widgets that take a drop themselves mark their area with data-takes-drop and stop the event.
const K = window.kinora;
const host = element.querySelector(".host") ?? element;
const veil = K.el("div", { class: "dr-veil", "aria-hidden": "true" }, K.el("div", {}, "Drop a Kinora video or a project to get it back, or a picture to use it"));
const said = K.el("div", { class: "dr-said", role: "status", "aria-live": "polite" });
host.append(veil, said);
let depth = 0, quiet = null;

function tell(text) {
  said.textContent = text;
  said.classList.toggle("on", Boolean(text));
  clearTimeout(quiet);
  if (text) quiet = setTimeout(() => tell(""), 8000);
}

const files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
document.addEventListener("dragenter", (event) => { if (files(event)) { depth += 1; veil.classList.add("on"); } });
document.addEventListener("dragleave", (event) => { if (files(event) && --depth <= 0) { depth = 0; veil.classList.remove("on"); } });
document.addEventListener("dragover", (event) => { if (files(event)) event.preventDefault(); });
document.addEventListener("drop", () => { depth = 0; veil.classList.remove("on"); }, true);
document.addEventListener("drop", async (event) => {
  if (!files(event) || event.defaultPrevented) return;
  event.preventDefault();
  const file = event.dataTransfer.files[0];
  if (!file) return;
  tell(`Reading ${file.name}…`);
  try {
    const { path } = await upload(file);
    props.value = { path, name: file.name, nonce: Date.now() };
    trigger("dropped", { name: file.name });
  } catch { tell(`${file.name} could not be uploaded: it is too large, or the connection is lost.`); }
});

watch("value", () => { if (props.value?.said !== undefined) tell(props.value.said); });
