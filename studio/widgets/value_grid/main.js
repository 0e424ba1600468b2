// Two axes: a field from a list, and its values as text. Fields of few choices offer them as chips.
const K = window.kinora;
const host = element.querySelector(".vg");
const fields = new Map((props.fields ?? []).map((field) => [field.name, field]));
const axes = ["x", "y"].map((axis) => new Axis(axis, axis === "x" ? "Across" : "Down"));
const count = K.el("div", { class: "kin-muted", role: "status", "aria-live": "polite" });
host.replaceChildren(K.el("div", { class: "kin-label" }, "Grid"), K.el("div", { class: "kin-muted" }, "One clip for every pair of values, all of one seed."), ...axes.map((axis) => axis.root), count);

function Axis(axis, label) {
  this.axis = axis;
  this.pick = K.el("select", { class: "kin-input", "aria-label": `${label}: field`, onchange: () => { this.text.value = ""; this.show(); tell(); } },
    K.el("option", { value: "" }, "nothing"), [...fields.values()].map((field) => K.el("option", { value: field.name }, field.label)));
  this.text = K.el("input", { type: "text", class: "kin-input kin-grow", "aria-label": `${label}: values`, oninput: () => { this.chips(); tell(); } });
  this.hint = K.el("div", { class: "vg-hint kin-muted" });
  this.root = K.el("div", { class: "vg-axis" }, K.el("div", { class: "kin-rowline" }, K.el("span", { class: "vg-name" }, label), this.pick, this.text), this.hint);
  this.values = () => this.text.value.split(this.text.value.includes(";") ? ";" : ",").map((part) => part.trim()).filter(Boolean);
  this.show = () => {
    const field = fields.get(this.pick.value);
    this.text.disabled = !field;
    this.text.placeholder = field ? (field.example ?? "values, separated by commas") : "";
    this.hint.replaceChildren(...(field?.choices ?? []).map((choice) => K.el("button", { type: "button", class: "vg-chip kin-focus", "aria-pressed": "false", "data-value": choice, onclick: () => this.flip(choice) }, choice)), field && !field.choices?.length ? field.hint ?? "" : "");
    this.chips();
  };
  this.chips = () => { const now = this.values(); for (const chip of this.hint.querySelectorAll("button")) chip.setAttribute("aria-pressed", String(now.includes(chip.dataset.value))); };
  this.flip = (choice) => {
    const now = this.values();
    this.text.value = (now.includes(choice) ? now.filter((value) => value !== choice) : [...now, choice]).join(", ");
    this.chips();
    tell();
  };
}

function tell() {
  const [x, y] = axes;
  props.value = { grid: x.pick.value || y.pick.value ? { x_field: x.pick.value, x_values: x.text.value, y_field: y.pick.value, y_values: y.text.value } : null };
  tally();
}

function tally() {
  const counts = axes.filter((axis) => axis.pick.value).map((axis) => axis.values().length), clips = counts.reduce((all, one) => all * one, counts.length ? 1 : 0);
  const much = counts.some((one) => one > props.most) ? `: at most ${props.most} values a field` : "";
  count.textContent = clips ? `${counts.join(" × ")}: ${clips} clip${clips > 1 ? "s" : ""}${much}` : "";
}

function receive() {
  const grid = props.value?.grid ?? {};
  axes.forEach((axis) => {
    const field = grid[`${axis.axis}_field`] ?? "", text = String(grid[`${axis.axis}_values`] ?? "");
    if (axis.pick.value === field && axis.text.value === text) return;
    axis.pick.value = fields.has(field) ? field : "";
    axis.text.value = text;
    axis.show();
  });
  tally();
}
watch("value", receive);
axes.forEach((axis) => axis.show());
receive();
