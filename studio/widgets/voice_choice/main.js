// One list of voices. It is filled when it is wanted first: the voices of a machine are not known before.
const K = window.kinora;
const host = element.querySelector(".vc");
let filled = false;

const list = K.el("select", { class: "kin-input", "aria-label": "Narrator's voice" }, K.el("option", { value: "auto" }, "Automatic: the best that is here"), K.el("option", { value: "none" }, "Nobody narrates"));
const said = K.el("span", { class: "kin-muted" }, "Who says the lines of the scenes.");
host.replaceChildren(K.el("span", { class: "kin-label" }, "Voice"), list, said);

async function fill() {
  if (filled) return;
  filled = true;
  try {
    const answer = await server.voices({});
    if (answer?.error || !Array.isArray(answer?.voices)) throw new Error("no voices");
    for (const [value, title] of answer.voices) if (![...list.options].some((one) => one.value === value)) list.append(K.el("option", { value }, title));
    show();
  } catch { filled = false; }
}

/** A voice that this machine does not have stays chosen, under its own name. */
function show() {
  const voice = String(props.value?.voice ?? "auto");
  const known = [...list.options].find((one) => one.value === voice);
  if (!known) list.append(K.el("option", { value: voice }, voice));
  list.value = voice;
}

list.addEventListener("change", () => { props.value = { voice: list.value }; });
watch("value", show);
show();
new IntersectionObserver((entries, sight) => { if (entries.some((one) => one.isIntersecting)) { sight.disconnect(); fill(); } }).observe(list);
