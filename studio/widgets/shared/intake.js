// Files that come into a widget: chosen, dropped on it, or pasted. Which ones it takes, and what becomes of them, is the widget's business.

const ENDINGS = {
  image: /\.(jpe?g|png|webp|gif|bmp|tiff?|heic|heif|avif)$/i,
  video: /\.(mp4|m4v|mov|webm|mkv|avi|mpe?g)$/i,
  audio: /\.(wav|mp3|m4a|aac|flac|ogg|oga|opus|aiff?|wma)$/i,
};

/** "image", "video" or "audio" by the file's type, or by its name where the browser knows no type; else "". */
function kindOf(file) {
  const [kind] = String(file.type).split("/");
  return kind in ENDINGS ? kind : Object.keys(ENDINGS).find((one) => ENDINGS[one].test(file.name ?? "")) ?? "";
}

class Intake {
  /** area: where files may be dropped. kinds: what is taken. take(file) gets the others too when `refuse` is not given. */
  constructor(area, { root, kinds, take, refuse, signal }) {
    Object.assign(this, { area, root, kinds, take, refuse });
    const accept = kinds.map((kind) => `${kind}/*`).join(",") + (kinds.includes("image") ? ",.heic,.heif,.avif" : "");
    this.chooser = K.el("input", { type: "file", accept, hidden: true, tabindex: "-1", "aria-hidden": "true", onchange: () => this.chosen() });
    root.append(this.chooser);
    area.setAttribute("data-takes-drop", "");
    for (const kind of ["dragenter", "dragover"]) area.addEventListener(kind, (event) => this.over(event), { signal });
    area.addEventListener("dragleave", (event) => { if (!area.contains(event.relatedTarget)) area.classList.remove("kin-over"); }, { signal });
    area.addEventListener("drop", (event) => this.drop(event), { signal });
    document.addEventListener("paste", (event) => this.paste(event), { signal });
  }

  /** Opens the file chooser; `capture` ("user") lets a phone open its camera instead. */
  choose(capture = null) {
    if (capture) this.chooser.setAttribute("capture", capture);
    else this.chooser.removeAttribute("capture");
    this.chooser.click();
  }

  chosen() {
    const [file] = this.chooser.files;
    this.chooser.value = "";
    if (file) this.offer(file);
  }

  over(event) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    this.area.classList.add("kin-over");
  }

  drop(event) {
    this.area.classList.remove("kin-over");
    const [file] = event.dataTransfer?.files ?? [];
    if (!file) return;
    event.preventDefault();
    event.stopPropagation();
    this.offer(file);
  }

  /** A paste is ours when the widget has the focus, or when it is in sight and nothing else has it. */
  paste(event) {
    const focus = document.activeElement;
    if (!this.root.isConnected || !this.root.offsetParent || (focus && focus !== document.body && !this.root.contains(focus))) return;
    const file = [...(event.clipboardData?.files ?? [])].find((one) => this.kinds.includes(kindOf(one)));
    if (!file || event.defaultPrevented) return;
    event.preventDefault();
    this.offer(file);
  }

  offer(file) {
    if (this.kinds.includes(kindOf(file))) this.take(file);
    else this.refuse(file);
  }
}

/** The file in the studio's store, as Gradio's values hold it. Fails when it does not arrive. */
async function storeFile(upload, file) {
  const kept = await upload(file);
  if (!kept?.path) throw new Error("no path");
  return asFile({ path: kept.path, url: kept.url, orig_name: file.name || "pasted" });
}

/**
 * A file of the user on its way into a widget (with `serial`, `loading`, `upload`, `say`, `draw`, `tell`, `ask`). `take(kept)` puts it there when it has arrived and nothing
 * else came meanwhile; `before` is what the widget goes back to when nobody can read it.
 */
async function bringIn(widget, file, before, take) {
  const serial = ++widget.serial;
  widget.loading = true;
  widget.say(`Loading ${file.name}…`);
  widget.draw();
  try {
    const kept = await storeFile(widget.upload, file);
    if (serial !== widget.serial) return;
    take(kept);
    widget.before = before;
  } catch {
    if (serial === widget.serial) widget.say(`“${file.name}” did not reach the studio: check its size and the connection, then load it again.`, "error");
    return;
  } finally {
    if (serial === widget.serial) { widget.loading = false; widget.draw(); }
  }
  widget.tell();
  widget.ask();
}

/** A file of a value with everything that the page and Python need, or null. */
function asFile(file) {
  if (!file?.path) return null;
  const name = file.orig_name ?? file.name ?? "file";
  return { path: file.path, url: file.url ?? `${K.root()}/gradio_api/file=${encodeURI(file.path)}`, orig_name: name, meta: { _type: "gradio.FileData" } };
}
