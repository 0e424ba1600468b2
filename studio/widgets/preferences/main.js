// Preferences of this browser.
const K = window.kinora;
const host = element.querySelector(".host") ?? element;
const said = K.el("div", { class: "kin-muted", role: "status", "aria-live": "polite" });

function toggle(name, text, help, fallback, change = null) {
  const box = K.el("input", { type: "checkbox", class: "kin-focus", onchange: async () => { K.store.set(name, box.checked); if (change) await change(box); } });
  box.checked = K.store.get(name, fallback);
  return K.el("label", { class: "pr-row" }, box, K.el("span", {}, K.el("b", {}, text), K.el("br"), K.el("span", { class: "kin-muted" }, help)));
}

async function permit(box) {
  if (!box.checked) return;
  const answer = "Notification" in window ? await Notification.requestPermission() : "denied";
  if (answer !== "granted") { box.checked = false; K.store.set("notify", false); said.textContent = "This browser does not allow notifications for this page."; }
}

const defaults = (props.tabs ?? []).map((tab) => {
  const state = K.el("span", { class: "kin-muted" }, K.store.get("defaults." + tab.id) ? "your own" : "as shipped");
  return K.el("div", { class: "pr-row kin-line" }, K.el("b", { class: "kin-grow" }, tab.title), state,
    K.button("Use the present settings", () => trigger("keep", { tab: tab.id }), { text: true }),
    K.button("Back to shipped", () => { K.store.remove("defaults." + tab.id); state.textContent = "as shipped"; said.textContent = `${tab.title} opens as shipped from now on.`; }, { text: true }));
});

host.append(said,
  K.el("div", { class: "en-box" }, K.el("h3", {}, "When a run is done"), toggle("chime", "Play a chime", "In this browser, also when the tab is hidden.", true), toggle("notify", "Show a notification", "Only when this page is not in front.", false, permit)),
  K.el("div", { class: "en-box" }, K.el("h3", {}, "Defaults of each tab"), defaults),
  K.el("div", { class: "en-box" }, K.el("h3", {}, "Limits of this studio"), K.el("table", { class: "kin-table" }, K.el("tbody", {}, (props.limits ?? []).map(([name, value, help]) => K.el("tr", {}, K.el("th", { scope: "row" }, name), K.el("td", {}, K.el("b", {}, value), " ", K.el("span", { class: "kin-muted" }, help))))))));

let nonce = props.value?.nonce ?? 0;
watch("value", () => {
  const value = props.value ?? {};
  if (value.nonce === nonce || !value.tab) return;
  nonce = value.nonce;
  K.store.set("defaults." + value.tab, value.fields);
  said.textContent = "Kept: the tab opens with these settings in this browser.";
});
