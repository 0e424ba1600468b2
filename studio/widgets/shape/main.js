// Four shapes of one area, and the numbers behind them. A shape keeps the area that the clip has now.
const K = window.kinora;
const SHAPE_CHOICES = [["Wide", 16, 9], ["Square", 1, 1], ["Tall", 9, 16], ["Classic", 4, 3]];
const host = element.querySelector(".sh");
let size = { width: 0, height: 0 };

const chips = SHAPE_CHOICES.map(([name, x, y]) => {
  const picture = K.el("i", { class: "sh-picture", style: `aspect-ratio: ${x} / ${y}; ${x >= y ? "width" : "height"}: 20px`, "aria-hidden": "true" });
  return K.el("button", { type: "button", role: "radio", class: "sh-chip kin-focus", "aria-checked": "false", "aria-label": `${name}, ${x} to ${y}`, title: `${x}:${y}`, onclick: () => take(...shaped(x, y)) }, picture, K.el("span", {}, name));
});
const row = K.el("div", { class: "sh-chips", role: "radiogroup", "aria-label": "Shape" }, chips);
const box = (label, name) => {
  const input = K.el("input", { type: "number", class: "kin-input", min: props.low, max: props.high, step: "1", inputmode: "numeric", "data-name": name, "aria-label": `${label} in pixels` });
  input.addEventListener("change", () => { const value = Math.round(Number(input.value)); if (input.value !== "" && Number.isFinite(value)) take(...(name === "width" ? [value, size.height] : [size.width, value])); else show(); });
  return input;
};
const width = box("Width", "width"), height = box("Height", "height");
const custom = K.el("details", { class: "sh-custom" }, K.el("summary", { class: "kin-focus" }, ""), K.el("div", { class: "kin-line" }, width, K.el("span", {}, "×"), height, K.el("span", { class: "kin-muted" }, "px")));
host.replaceChildren(K.el("div", { class: "kin-label" }, "Shape"), row, custom);

/** The size of that shape with the present area: sides of whole 16 px across, even ones down. */
function shaped(x, y) {
  const area = size.width * size.height, clamp = (value) => Math.max(props.low, Math.min(props.high, value));
  const long = clamp(16 * Math.max(1, Math.round(Math.sqrt((area * Math.max(x, y)) / Math.min(x, y)) / 16))), short = clamp(2 * Math.round((long * Math.min(x, y)) / Math.max(x, y) / 2));
  return x >= y ? [long, short] : [short, long];
}

function take(w, h) {
  size = { width: w, height: h };
  props.value = { ...size };
  show();
}

function show() {
  const now = SHAPE_CHOICES.findIndex(([, x, y]) => Math.abs(size.width / size.height / (x / y) - 1) < 0.025), focus = Math.max(now, 0);
  chips.forEach((chip, index) => { chip.setAttribute("aria-checked", String(index === now)); chip.tabIndex = index === focus ? 0 : -1; });
  width.value = size.width;
  height.value = size.height;
  custom.firstChild.textContent = `${size.width} × ${size.height} px${now < 0 ? " (custom)" : ""}`;
}

row.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], at = chips.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  const next = chips[(at + step + chips.length) % chips.length];
  next.click();
  next.focus();
});

function receive() {
  const value = props.value ?? {};
  if (Number(value.width) > 0 && Number(value.height) > 0) size = { width: Number(value.width), height: Number(value.height) };
  show();
}
watch("value", receive);
receive();
