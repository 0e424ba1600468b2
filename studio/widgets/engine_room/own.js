// Models of the owner's own: what was found in the search folders, and where to put one.
const ownFound = K.el("div", { class: "en-list" });
const ownBox = K.el("details", { class: "en-box en-wide" }, K.el("summary", {}, K.el("h3", {}, "Models of your own")), ownFound);
async function lookForOwn() {
  ownFound.replaceChildren(K.el("p", { class: "kin-muted" }, "Looking…"));
  let answer;
  try { answer = await server.own_models({}); } catch { answer = { error: "The connection is lost." }; }
  if (!answer || answer.error) { ownFound.replaceChildren(K.el("p", { class: "kin-muted" }, answer?.error ?? "The connection is lost.")); return; }
  const list = K.el("div", { class: "en-list" }), show = K.keyed(list, (one) => ownCard(one));
  show(answer.found);
  ownFound.replaceChildren(
    answer.found.length ? list : K.el("p", { class: "kin-muted" }, "Nothing was found yet."),
    K.el("p", { class: "kin-muted" }, "Put a folder in diffusers or transformers layout, or a single .safetensors file, into one of these folders. Pickle files (.ckpt, .bin, .pt) and folders with code are never loaded."),
    K.el("ul", { class: "en-legend" }, answer.shelves.map((shelf) => K.el("li", {}, K.el("code", { class: "kin-grow en-path" }, shelf.path), K.el("span", { class: "kin-muted" }, shelf.there ? "" : "make it first")))),
    K.el("p", { class: "kin-muted" }, "More folders: start with --model-folders, or set KINORA_MODEL_FOLDERS."),
    K.el("div", { class: "kin-line" }, K.button("Look again", lookForOwn, { name: "again", text: true })));
}

const ownCard = (one) => K.el("div", { class: "en-own" },
  K.el("div", { class: "en-head" }, K.el("b", { class: "kin-grow" }, one.name), K.el("span", { class: `kin-tag ${one.refused ? "bad" : ""}` }, one.refused ? "refused" : one.kind), K.el("span", { class: "kin-tag" }, K.bytes(one.bytes))),
  K.el("div", { class: "kin-muted en-path" }, one.refused ? one.refused : one.id));

ownBox.addEventListener("toggle", () => { if (ownBox.open) lookForOwn(); });
