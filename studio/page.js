// Shared by all widgets of the page: the visitor's own id, small DOM helpers, plain formats. Loaded once in the head.
(() => {
  const memory = {};
  // Private windows and embedded pages may refuse storage: then the page forgets, but works.
  const store = {
    get(key, fallback = null) {
      try { const text = localStorage.getItem("kinora." + key); return text === null ? memory[key] ?? fallback : JSON.parse(text); }
      catch { return memory[key] ?? fallback; }
    },
    set(key, value) {
      memory[key] = value;
      try { localStorage.setItem("kinora." + key, JSON.stringify(value)); } catch { /* kept in memory */ }
    },
    remove(key) { delete memory[key]; try { localStorage.removeItem("kinora." + key); } catch { /* was never there */ } },
  };
  const owner = () => {
    let id = store.get("owner");
    if (typeof id !== "string" || !/^[0-9a-f]{32}$/.test(id)) {
      id = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
      store.set("owner", id);
    }
    return id;
  };
  // Text only ever becomes text: no user string is parsed as HTML anywhere on the page.
  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (name === "class") node.className = value;
      else if (name in node && typeof value === "boolean") node[name] = value;
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return node;
  };
  const SHAPES = {
    play: "M7 5l12 7-12 7z", stop: "M6 6h12v12H6z", close: "M6 6l12 12M18 6L6 18", up: "M6 14l6-6 6 6", down: "M6 10l6 6 6-6",
    pause: "M8 5v14M16 5v14", sound: "M4 10v4h4l5 4V6l-5 4zM17 9a4 4 0 0 1 0 6", check: "M5 13l4 4L19 7", plus: "M12 5v14M5 12h14",
    again: "M19 12a7 7 0 1 1-2-5M19 3v5h-5", edit: "M4 20l4-1 11-11-3-3L5 16z", trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13", download: "M12 4v11M7 11l5 5 5-5M5 20h14",
    link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1", pin: "M9 4h6l-1 6 3 3H7l3-3zM12 13v7", restore: "M4 12a8 8 0 1 0 3-6M4 4v5h5",
    photo: "M3 6h18v13H3zM4 17l5-5 4 4 3-3 4 4M8 10h.01", camera: "M3 8h4l2-3h6l2 3h4v11H3zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z", mesh: "M12 3l8 6-3 11H7L4 9zM4 9h16M12 3L7 20M12 3l5 17",
    zoom: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L21 21M8 10.5h5M10.5 8v5", undo: "M8 5L4 9l4 4M4 9h9a5.5 5.5 0 0 1 0 11h-3", redo: "M16 5l4 4-4 4M20 9h-9a5.5 5.5 0 0 0 0 11h3",
    mic: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM6 11a6 6 0 0 0 12 0M12 17v4", minus: "M5 12h14", text: "M5 6h14M12 6v13M9 19h6", send: "M4 12h14M13 6l6 6-6 6",
  };
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24"); svg.setAttribute("class", "kin-icon"); svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", SHAPES[name]);
    svg.append(path);
    return svg;
  };
  const button = (label, act, { name = null, kind = "", text = false } = {}) =>
    el("button", { type: "button", class: `kin-button ${kind}`, onclick: act, "aria-label": label, title: label }, name ? icon(name) : null, text || !name ? el("span", {}, label) : null);
  const write = (node, line) => { if (node.textContent !== line) node.textContent = line; };
  // Makes `nodes` the children of `parent`, in that order. What stands right already is not touched, so that a press or the focus on it is not lost.
  const settle = (parent, nodes) => {
    const wanted = new Set(nodes), focused = document.activeElement;
    for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
    nodes.forEach((node, at) => { if (parent.childNodes[at] !== node) parent.insertBefore(node, parent.childNodes[at] ?? null); });
    if (focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
  };
  // Shows items that have an `id` in `parent`: a node is made anew only when what `print` says of its item has changed.
  const keyed = (parent, make, print = JSON.stringify) => {
    let known = new Map();
    return (items) => {
      known = new Map(items.map((item) => {
        const now = print(item), old = known.get(item.id);
        return [item.id, old?.now === now ? old : { now, node: make(item) }];
      }));
      settle(parent, [...known.values()].map((one) => one.node));
    };
  };
  const seconds = (value) => {
    if (value === null || value === undefined) return "";
    if (value < 10) return `${value.toFixed(1)} s`;
    if (value < 90) return `${Math.round(value)} s`;
    if (value < 5400) return `${Math.round(value / 60)} min`;
    return `${(value / 3600).toFixed(1)} h`;
  };
  const bytes = (value) => (value < 1e6 ? `${Math.round(value / 1e3)} kB` : value < 1e9 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(2)} GB`);
  const when = (time) => {
    const ago = Date.now() / 1000 - time;
    if (ago < 60) return "just now";
    if (ago < 3600) return `${Math.round(ago / 60)} min ago`;
    if (ago < 86400) return `${Math.round(ago / 3600)} h ago`;
    return new Date(time * 1000).toLocaleDateString();
  };
  // The page may live below a prefix (Spaces, reverse proxies): addresses are relative to Gradio's own root.
  const root = () => (window.gradio_config?.root ?? "").replace(/\/$/, "") || location.origin;
  const media = (path) => `${root()}/kinora/media/${path}`;
  const reduced = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const text = (name, value) => {
    if (Array.isArray(value) && value.every((one) => one?.prompt ?? one?.image)) return value.map((one) => `at ${one.at} s: ${one.prompt ?? one.image}`).join("; ");
    if (Array.isArray(value) && value.length && value.every(Number.isFinite)) return value.join(", ");
    if (Array.isArray(value)) return `${value.length} ${name}`;
    if (Array.isArray(value?.scenes)) return `${value.title}: ${value.scenes.length} scenes`;
    if (typeof value === "object") return Object.entries(value).map(([k, v]) => `${k.replaceAll("_", " ")} ${v}`).join(", ");
    return String(value);
  };
  // What a request says: fields that are left empty say nothing.
  const given = (request) => Object.entries(request).filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && !value.length));
  const chime = () => {
    try {
      const audio = new AudioContext();
      [660, 880].forEach((pitch, index) => {
        const tone = audio.createOscillator(), level = audio.createGain(), at = audio.currentTime + index * 0.14;
        tone.frequency.value = pitch; level.gain.setValueAtTime(0, at); level.gain.linearRampToValueAtTime(0.12, at + 0.02); level.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
        tone.connect(level).connect(audio.destination); tone.start(at); tone.stop(at + 0.55);
      });
    } catch { /* no sound device: the title tells */ }
  };
  const announce = (title, body) => {
    if (store.get("chime", true)) chime();
    if (store.get("notify", false) && "Notification" in window && Notification.permission === "granted" && document.hidden) new Notification(title, { body });
    if (document.hidden) {
      const old = document.title;
      document.title = "● " + title;
      document.addEventListener("visibilitychange", () => { document.title = old; }, { once: true });
    }
  };
  window.kinora = { store, owner, el, icon, button, write, settle, keyed, seconds, bytes, when, root, media, reduced, text, given, announce, chime };
})();
