// Measured numbers by row, their texts, and drawings of them. A drawing only repeats what a table beside it says.

class Measures {
  constructor(records) {
    this.records = records;
    this.columns = new Map();
    this.passed = records.statuses.map((name) => name === "PASS" || name === "XPASS");
  }

  // A finite number, or null.
  get(name, row) {
    let column = this.columns.get(name);
    if (column === undefined) {
      column = name === "e2e_ms" ? this.records.e2e : this.records.metric(name);
      this.columns.set(name, column);
    }
    const value = column ? column[row] : null;
    return Number.isFinite(value) ? value : null;
  }

  has(...names) { return names.some((name) => name === "e2e_ms" ? this.records.e2e.some((value) => value !== null) : this.records.metric(name)); }

  // The package's own count, which has another name where the sweep reports another number.
  own(name, row) {
    const measured = this.get(`measured_${name}`, row);
    return measured === null ? this.get(name, row) : measured;
  }

  // What was timed: "e2e", "run", or "" for nothing; the one execution of a vector that failed wasn't.
  clock(row) {
    const isTimed = this.get("run_ms", row) !== null;
    if (this.get("e2e_ms", row) !== null && (isTimed || this.passed[this.records.status[row]])) return "e2e";
    return isTimed ? "run" : "";
  }

  // Of the clock that counts: time itself, or what is known of its samples, such as "low".
  time(row, part = "") {
    const clock = this.clock(row);
    return clock ? this.get(`${clock}_${part || "ms"}`, row) : null;
  }

  peakL1(row) {
    const peak = this.get("peak_l1_bytes_per_core", row);
    return peak === null ? this.get("peak_l1_buffer_bytes_per_core", row) : peak;
  }
}

const NOT_SILICON = {
  emulated: "An emulation ran this on the host: its times say nothing of a device.",
  mock: "A mock device computes nothing: its times say nothing of a device.",
  simulator: "A simulator ran this: its times say nothing of a device.",
};

// Three digits, and the unit that suits them.
function quantity(value, units) {
  if (value === null) return "";
  let text = "", unit = "";
  for (const [name, factor, step] of units) {
    const scaled = value / factor;
    text = scaled === 0 || Math.abs(scaled) >= 99.95 || (step === 1024 && Number.isInteger(scaled)) ? scaled.toFixed(0)
      : scaled.toFixed(Math.abs(scaled) >= 9.995 ? 1 : 2);
    unit = name;
    if (Math.abs(Number(text)) < step) break;
  }
  return `${text} ${unit}`;
}
const duration = (ms) => quantity(ms, [["ns", 1e-6, 1000], ["µs", 1e-3, 1000], ["ms", 1, 1000], ["s", 1e3, Infinity]]);
const size = (bytes) => quantity(bytes, [["B", 1, 1024], ["KiB", 1024, 1024], ["MiB", 1048576, 1024], ["GiB", 1073741824, Infinity]]);
const rate = (value, unit) => quantity(value, [["", 1, 1000], ["k", 1e3, 1000], ["M", 1e6, 1000], ["G", 1e9, 1000],
  ["T", 1e12, 1000], ["P", 1e15, Infinity]].map(([prefix, factor, step]) => [prefix + unit, factor, step]));
function share(part) {
  if (part === null) return "";
  const whole = 100 * part;
  return `${whole >= 99.95 || whole === 0 ? whole.toFixed(0) : whole >= 9.995 ? whole.toFixed(1) : whole >= 0.095 ? whole.toFixed(2) : Number(whole.toPrecision(2))} %`;
}

function quantile(ordered, part) {
  const at = part * (ordered.length - 1), below = Math.floor(at);
  return ordered[below] + (at - below) * ((ordered[below + 1] ?? ordered[below]) - ordered[below]);
}

function svg(tag, properties = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// From values to 0..1, equal ratios as equal lengths; null unless there is a positive value.
function logScale(values) {
  let least = Infinity, most = 0;
  for (const value of values) if (value > 0 && Number.isFinite(value)) { least = Math.min(least, value); most = Math.max(most, value); }
  if (least === Infinity) return null;
  // A single value is in the middle of something.
  const margin = Math.max(0.05, (0.3 - Math.log10(most / least)) / 2);
  const low = Math.log10(least) - margin, high = Math.log10(most) + margin;
  const place = (value) => Math.min(1, Math.max(0, (Math.log10(value) - low) / (high - low)));
  place.least = 10 ** low;
  place.most = 10 ** high;
  return place;
}

// 1, 10, 100, ... or, where those are few, 1, 2, 5, 10, ... between two numbers; at most so many.
function logTicks(least, most, limit) {
  const ticks = (steps, every) => {
    const found = [];
    for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most) + 1; power++) {
      if (power % every === 0) for (const step of steps) {
        const tick = Number(`${step}e${power}`);
        if (tick >= least && tick <= most) found.push(tick);
      }
    }
    return found;
  };
  const fine = ticks([1, 2, 5], 1);
  if (fine.length <= limit) return fine;
  for (let every = 1; ; every++) {
    const found = ticks([1], every);
    if (found.length <= limit) return found;
  }
}

const WIDTH = 1000, HEIGHT = 20;

// A drawing as wide as its cell: what stretches must have no text.
function strip(...shapes) {
  return svg("svg", { class: "strip", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...shapes);
}

function tickLines(place, ticks) {
  return ticks.map((tick) => svg("line", { class: "grid", x1: WIDTH * place(tick), x2: WIDTH * place(tick), y1: 0, y2: HEIGHT }));
}

// Over all numbers, the middle half of them, and their median.
function boxStrip(place, ticks, ordered) {
  const [least, low, middle, high, most] = [0, 0.25, 0.5, 0.75, 1].map((part) => WIDTH * place(quantile(ordered, part)));
  return strip(...tickLines(place, ticks),
    svg("line", { class: "whisker", x1: least, x2: most, y1: HEIGHT / 2, y2: HEIGHT / 2 }),
    svg("rect", { class: "box", x: low, width: Math.max(high - low, 2), y: 4, height: HEIGHT - 8 }),
    svg("line", { class: "median", x1: middle, x2: middle, y1: 1, y2: HEIGHT - 1 }));
}

// What a tick is called: 10 ms, not 10.0 ms.
const tickText = (text) => text.replace(/(\.\d*?)0+ /, "$1 ").replace(". ", " ");

// The head of a column of strips: where the ticks are.
function axisHead(name, place, ticks, text) {
  const axis = element("div", { class: "axis", "aria-hidden": "true" }, ...ticks.map((tick) => {
    const label = element("span", {}, text(tick));
    label.style.left = `${100 * place(tick)}%`;
    return label;
  }));
  return element("th", { scope: "col", class: "drawn" }, element("span", { class: "hidden" }, name), axis);
}

function measureTable(caption, heads, body, labels) {
  const table = element("table", { class: "measures" }, element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...heads.map((head) =>
      typeof head === "string" ? element("th", { scope: "col", class: labels.includes(head) ? "" : "number" }, head) : head))), body);
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
}

const numberCell = (text) => element("td", { class: "number" }, text);

// The operation of a vector: its module, or the suite where all are of one, as a master's configurations are.
function operationsOf(records, rows, valueOf) {
  const isOne = new Set(records.suites.map(([module]) => module)).size === 1 && records.suites.length > 1;
  const found = new Map();
  for (const row of rows) {
    const value = valueOf(row);
    if (value === null) continue;
    const name = records.suites[records.suite[row]][isOne ? 1 : 0];
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(value);
  }
  for (const values of found.values()) values.sort((a, b) => a - b);
  return { kind: isOne ? "suite" : "module", values: found };
}

function operationCell(kind, name, filters, choose) {
  const isChosen = filters[kind] === name;
  return element("th", { scope: "row" }, element("button", { type: "button", class: "plain", "aria-pressed": String(isChosen),
    "data-focus": `${kind} ${name}`, onclick: () => choose({ [kind]: isChosen ? "" : name }) }, name));
}

function vectorCell(records, row, choose) {
  const name = `${records.module(row)}::${records.suiteName(row)}`;
  return element("td", {}, element("button", { type: "button", class: "plain mono", "aria-label": `Only vector ${records.id[row].slice(0, 12)} of ${name}`,
    onclick: () => choose({ search: records.id[row] }) }, `${name} ${records.id[row].slice(0, 12)}`));
}

// The rows that have a key, by it: two numbers, the smaller first; null for a row that has none.
function ranked(rows, keyOf) {
  const entries = [];
  for (const row of rows) {
    const key = keyOf(row);
    if (key !== null) entries.push({ row, first: key[0], second: key[1] });
  }
  entries.sort((a, b) => a.first - b.first || a.second - b.second || a.row - b.row);
  return entries.map((entry) => entry.row);
}
