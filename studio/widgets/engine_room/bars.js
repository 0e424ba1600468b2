// Bars of the engine room: memory over time, and what takes the disk.
const K = window.kinora;
const row = (name, value) => K.el("tr", {}, K.el("th", { scope: "row" }, name), K.el("td", {}, value));
const table = (...rows) => K.el("table", { class: "kin-table" }, K.el("tbody", {}, rows));
const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;
// Sizes of cards are about: more digits than that would pretend.
const about = (bytes) => (bytes < 1e6 ? K.bytes(bytes) : bytes < 9.95e8 ? `${Number((bytes / 1e6).toPrecision(bytes < 1e7 ? 2 : 3))} MB` : `${Number((bytes / 1e9).toPrecision(bytes < 1e10 ? 2 : 3)).toFixed(bytes < 1e10 ? 1 : 0)} GB`);
const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);
// Tabs are told by their ids: "talking-head" reads "Talking head".
const tabTitle = (id) => capital(id).replaceAll("-", " ");

function curve(points) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 300 60"); svg.setAttribute("class", "en-curve"); svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img"); svg.setAttribute("aria-label", "Memory of the worker over the last minutes");
  const top = Math.max(...points.map((p) => p[1]), 1) * 1.1, first = points[0]?.[0] ?? 0, span = Math.max((points.at(-1)?.[0] ?? 1) - first, 1);
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  line.setAttribute("points", points.map(([time, mib]) => `${((time - first) / span) * 300},${60 - (mib / top) * 58}`).join(" "));
  svg.append(line);
  return svg;
}

// parts: [[name, bytes, class]]; whole: bytes of the full bar. What is there but tiny still shows as a line.
function stacked(parts, whole, label) {
  const shown = parts.filter(([, bytes]) => bytes > 0);
  const bar = K.el("div", { class: "en-stack", role: "img", "aria-label": `${label}: ${shown.map(([name, bytes]) => `${name} ${K.bytes(bytes)}`).join(", ")}` });
  for (const [, bytes, kind] of shown) {
    const piece = K.el("i", { class: `en-${kind}` });
    piece.style.width = `max(2px, ${(100 * bytes) / Math.max(whole, 1)}%)`;
    bar.append(piece);
  }
  return bar;
}

const legend = (parts) => K.el("ul", { class: "en-legend" }, parts.map(([name, bytes, kind, note]) =>
  K.el("li", {}, K.el("i", { class: `en-${kind}` }), K.el("span", { class: "kin-grow" }, name), K.el("b", {}, K.bytes(bytes)), note ? K.el("span", { class: "kin-muted" }, note) : null)));

function diskOf(state) {
  const disk = state.disk ?? {}, known = ["models", "coming", "results", "cache", "trash"].reduce((sum, name) => sum + (disk[name] ?? 0), 0);
  const parts = [["Models", disk.models ?? 0, "models"], ["On their way", disk.coming ?? 0, "coming"], ["Results", disk.results ?? 0, "results", `at most ${state.keep_gib} GiB`],
    ["Cache and inputs", disk.cache ?? 0, "cache"], ["Trash", disk.trash ?? 0, "trash"]].filter(([name, bytes]) => bytes > 0 || name !== "On their way");
  const other = Math.max(0, (disk.total ?? 0) - (disk.free ?? 0) - known);
  const free = ["Free", disk.free ?? 0, "free"];
  return [stacked([...parts, ["Other programs", other, "other"]], disk.total ?? 1, "Disk"), legend([...parts, ["Other programs", other, "other"], free])];
}

function memoryOf(pool, worker, state) {
  const held = worker.memory_mib ?? 0;
  return [stacked([["Resident models", pool.used, "models"], ["The rest of the worker", Math.max(0, held * 2 ** 20 - pool.used), "other"]], pool.budget || 1, "Memory of the worker against its budget"),
    table(row("Models", `${K.bytes(pool.used)} of a budget of ${K.bytes(pool.budget)}`), row("Worker", `${K.bytes(held * 2 ** 20)} in all`), row("Machine", `${K.bytes((state.free_mib ?? 0) * 2 ** 20)} of ${K.bytes((state.machine.memory_mib ?? 0) * 2 ** 20)} free`))];
}
