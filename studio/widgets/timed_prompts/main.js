// Rows of a time and a prompt. A new row stands two seconds after the last one, and takes the keyboard.
const K = window.kinora;
const host = element.querySelector(".tp");
let rows = [];

const list = K.el("div", { class: "kin-rows", role: "list" });
const add = K.button("Add a prompt at a moment", () => { rows.push({ at: rows.length ? Number(rows.at(-1).at || 0) + 2 : 2, prompt: "" }); draw(); list.lastChild.querySelector("textarea").focus(); }, { name: "plus", text: true });
host.replaceChildren(K.el("div", { class: "kin-label" }, "Prompts over time"), K.el("div", { class: "kin-muted" }, "The prompt above holds from the start; each of these takes over at its moment."), list, K.el("div", { class: "kin-line" }, add));

function draw() {
  list.replaceChildren(...rows.map((row, index) => {
    const at = K.el("input", { type: "number", class: "kin-input kin-seconds", min: "0", step: "0.5", value: row.at ?? "", "aria-label": `Prompt ${index + 1} begins at, in seconds` });
    const text = K.el("textarea", { class: "kin-input kin-grow", rows: "1", maxlength: props.longest, placeholder: "What should be seen from then on?", "aria-label": `Prompt ${index + 1}` }, row.prompt ?? "");
    at.addEventListener("input", () => { row.at = at.value === "" ? null : Number(at.value); tell(); });
    text.addEventListener("input", () => { row.prompt = text.value; fit(text); tell(); });
    requestAnimationFrame(() => fit(text));
    const remove = K.button(`Remove prompt ${index + 1}`, () => { rows.splice(index, 1); draw(); tell(); (list.children[Math.min(index, rows.length - 1)]?.querySelector("button") ?? add).focus(); }, { name: "trash" });
    return K.el("div", { class: "kin-rowline", role: "listitem" }, at, K.el("span", { class: "kin-muted" }, "s"), text, remove);
  }));
  add.disabled = rows.length >= props.most;
}

function fit(text) { text.style.height = "auto"; if (text.scrollHeight) text.style.height = `${text.scrollHeight + 2}px`; }
function tell() { props.value = { prompts: rows.map((row) => ({ ...row })) }; }

function receive() {
  const given = Array.isArray(props.value?.prompts) ? props.value.prompts : [];
  if (JSON.stringify(given) === JSON.stringify(rows)) return;
  rows = given.map((row) => ({ at: row.at, prompt: String(row.prompt ?? "") }));
  draw();
}
watch("value", receive);
receive();
draw();
