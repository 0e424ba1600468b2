// The widget: holds the parts together, keeps the value that Python reads up to date, and asks for a new reading when text or settings change.

const K = window.kinora;

class PromptBox {
  constructor(root, { props, server, watch }) {
    Object.assign(this, { root, props, marks: [], text: "" });
    const id = `pb-${Math.random().toString(36).slice(2, 9)}`, ask = typeof server?.read === "function" ? (question) => server.read(question) : null;
    this.life = new AbortController();
    this.area = K.el("textarea", {
      class: "pb-area pb-type", id, rows: "2", dir: "auto", spellcheck: "false", autocomplete: "off", placeholder: String(props.placeholder ?? ""),
      "aria-describedby": `${id}-limit ${id}-said ${id}-unknown`,
    });
    this.paper = new Marks(this.area);
    this.hints = new Hints(id, { offer: (...what) => this.takeOffer(...what), fill: (...what) => this.takeIdea(...what) });
    this.tip = K.el("div", { class: "pb-tip", hidden: true, "aria-hidden": "true" });
    this.frame = K.el("div", { class: "pb-frame" }, this.paper.scroller, this.tip);
    this.film = ask ? new Animatic(K.reduced()) : null;
    this.asker = new Asker(ask, { waiting: (on) => this.film?.setWaiting(on), answered: (answer, question) => this.take(answer, question) });
    const words = K.el("div", { class: "pb-words" }, K.el("label", { class: "pb-label", for: id }, "Prompt"), this.frame, this.hints.root);
    root.replaceChildren(K.el("div", { class: "pb-main" }, words, this.hints.ideas, this.film?.root));
    this.hints.showIdeas((Array.isArray(props.ideas) ? props.ideas : []).map(String), () => this.text);
    this.listen();
    this.adopt(this.received());
    watch("value", () => this.valueSet());
    watch("settings", () => { this.film?.setShape(this.settings().width, this.settings().height); this.ask(); });
  }

  listen() {
    const { area } = this, { signal } = this.life, on = (event, act) => area.addEventListener(event, act, { signal });
    on("input", (event) => this.typed(event.isComposing));
    on("compositionend", () => this.typed(false));
    on("pointermove", (event) => { if (event.pointerType === "mouse") this.showTip(this.paper.boxAt(event.clientX, event.clientY)); });
    on("pointerleave", () => this.showTip(null));
    on("click", () => this.showTip(this.paper.boxAtCaret()));
    on("blur", () => this.showTip(null));
    on("keyup", (event) => {
      if (/^(Arrow|Home|End|Page)/.test(event.key)) this.showTip(this.paper.boxAtCaret());
      else if (event.key === "Escape") this.showTip(null);
    });
    this.paper.scroller.addEventListener("scroll", () => this.showTip(null), { signal });
    // Undo works from the buttons too: what they did is a step of the text area's own history.
    for (const part of [this.hints.root, this.hints.ideas]) part.addEventListener("keydown", (event) => this.undoFromButton(event), { signal });
    matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", (event) => this.film?.setReduced(event.matches), { signal });
  }

  /** Ends this instance: its listeners, observers and timers. The page element may be used again. */
  destroy() {
    this.life.abort();
    this.asker.stop();
    this.paper.stop();
    this.hints.stop();
    this.film?.stop();
  }

  // ---- value -------------------------------------------------------------------------------------------------------

  received() { return String(this.props.value?.prompt ?? ""); }

  settings() {
    const { settings } = this.props;
    return settings && typeof settings === "object" ? JSON.parse(JSON.stringify(settings)) : {};
  }

  /** Python set a value. The browser writes line ends its own way, so the text area says whether it is the same text. */
  valueSet() {
    const text = this.received();
    if (text.replace(/\r\n?/g, "\n") !== this.area.value) this.adopt(text);
  }

  adopt(text) {
    this.area.value = text;
    this.marks = [];
    this.film?.setShape(this.settings().width, this.settings().height);
    this.refresh();
    this.ask();
  }

  /** The text area changed. While letters are being composed (an input method) the text is kept but not yet read. */
  typed(composing) {
    const text = this.area.value;
    if (text !== this.text) {
      this.props.value = { prompt: text };
      this.marks = followEdit(this.marks, editBetween(this.text, text));
      this.refresh();
      this.paper.revealCaret();
      this.showTip(null);
    }
    if (!composing) this.ask();
  }

  refresh() {
    this.text = this.area.value;
    this.paper.show(this.text, this.marks);
    const most = Number(this.props.max_chars) || Infinity;
    this.over = this.hints.showLength(this.text.length > most ? countCharacters(this.text) : this.text.length, most);
    this.area.setAttribute("aria-invalid", String(this.over));
  }

  // ---- reading -----------------------------------------------------------------------------------------------------

  ask() {
    const blank = !this.text.trim();
    if (blank || this.over) {
      this.asker.ask(null);
      this.read([], "", "");
      if (blank) this.film?.clear();
      return;
    }
    this.asker.ask({ prompt: this.text, settings: this.settings() });
  }

  take(answer, { prompt }) {
    if (answer.error) { this.read([], String(answer.error), "error"); return; }
    const said = String(answer.said ?? "");
    this.read(marksOf(answer, prompt), said, "");
    this.film?.show(answer, said);
  }

  read(marks, said, kind) {
    const held = this.hints.root.contains(document.activeElement);
    this.marks = marks;
    this.paper.show(this.text, marks);
    this.hints.show(said, kind, unknownWords(marks, this.text));
    // A button that its own click removed would leave the keyboard nowhere.
    if (held && !this.hints.root.contains(document.activeElement)) this.area.focus({ preventScroll: true });
  }

  // ---- actions -----------------------------------------------------------------------------------------------------

  /** An offer takes the place of its word, wherever the word stands, as one step of the history. */
  takeOffer(word, offer, button) {
    const spots = this.marks.filter((mark) => !mark.known && this.text.slice(mark.start, mark.end).toLowerCase() === word.toLowerCase());
    if (!spots.length) return; // the word was edited since: the next reading is on its way
    const start = spots[0].start, end = spots.at(-1).end;
    let words = "", at = start;
    for (const spot of spots) {
      words += this.text.slice(at, spot.start) + likeCase(offer, this.text.slice(spot.start, spot.end));
      at = spot.end;
    }
    this.replace(start, end, words);
    if (matchMedia("(pointer: coarse)").matches) button.focus({ preventScroll: true });
  }

  takeIdea(text, button) {
    this.replace(0, this.text.length, text);
    button.focus({ preventScroll: true });
  }

  /** Replaces the units [start, end) through the browser's own editing, so that its undo knows of it. */
  replace(start, end, words) {
    const { area } = this, wanted = this.text.slice(0, start) + words + this.text.slice(end);
    area.inputMode = "none"; // a phone's keyboard stays down
    area.focus({ preventScroll: true });
    area.setSelectionRange(start, end);
    try { document.execCommand("insertText", false, words); } catch { /* an old browser: below */ }
    if (area.value !== wanted) {
      area.value = wanted;
      area.setSelectionRange(start + words.length, start + words.length);
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
    area.removeAttribute("inputmode");
  }

  undoFromButton(event) {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    this.area.focus({ preventScroll: true });
    document.execCommand("undo");
  }

  // ---- meaning of a word -------------------------------------------------------------------------------------------

  /** The meaning of the word in that box, beside it. For the eye only: the list and the sentence below say it to everyone. */
  showTip(box) {
    const { tip, frame } = this;
    tip.hidden = !box;
    if (!box) return;
    const { mark } = box, offers = mark.offers.length ? `: ${mark.offers.join(", ")}?` : "";
    tip.textContent = mark.known ? mark.meaning : mark.meaning ? `not sure, read as ${mark.meaning}` : `not known${offers}`;
    // A word that means what it says needs no note, which would only cover the line below.
    tip.hidden = !tip.textContent || tip.textContent.toLowerCase() === this.text.slice(mark.start, mark.end).toLowerCase();
    const sheet = this.paper.sheet.getBoundingClientRect(), edge = frame.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(sheet.left - edge.left + box.x, edge.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${sheet.top - edge.top + box.y + box.height + 5}px`;
  }
}

const host = element.querySelector(".pb");
host.promptBox?.destroy(); // Gradio may run this twice on one element, after a key change: the first instance must let go
host.promptBox = new PromptBox(host, { props, server, watch });
