// The roofline: what vectors achieved by what they compute for each byte, below what their board could do.

const BOUNDS = ["compute", "dram", "noc", "l1", "launch", "ambiguous"];
const BOUND_WORDS = {
  compute: "computing", dram: "DRAM", noc: "the NoC", l1: "the cores' L1", launch: "launching", ambiguous: "two of them alike",
};
const CHART = { width: 760, height: 430, left: 62, right: 14, top: 14, bottom: 44 };
const CELL = 5;
const MOST_TITLES = 1500;

function showRoofline(measures, rows, choose) {
  document.getElementById("roofline-section").hidden = !measures.has("ideal_ns");
  const records = measures.records;
  const place = document.getElementById("roofline");
  const known = rows.filter((row) => measures.get("ideal_ns", row) !== null);
  const missing = reasonsMissing(records, rows);
  if (!known.length) {
    place.replaceChildren(element("p", {}, "None of the chosen vectors has an ideal time."), ...missing);
    return;
  }
  const placed = known.filter((row) => measures.get("roofline_ratio", row) !== null);
  const parts = placed.length ? [...rooflineChart(measures, placed, choose), ...furthestVectors(measures, placed, choose)]
    : [element("p", { class: "other" }, `Ideal times only. ${NOT_SILICON[records.provider] || "No vector has a time to hold against its own."}`)];
  const ideal = known.filter((row) => measures.get("roofline_ratio", row) === null);
  place.replaceChildren(...parts, ...boundTable(measures, known), ...(ideal.length ? longestIdeal(measures, ideal, choose) : []), ...missing);
}

const boundOf = (measures, row) => measures.records.texts[measures.records.bound[row]];

// In flop a byte, and in flop a second.
function achieved(measures, row) {
  const flop = measures.own("flop_count", row), bytes = measures.own("byte_count", row);
  const seconds = measures.get("ideal_ns", row) / measures.get("roofline_ratio", row) / 1e9;
  return flop > 0 && bytes > 0 && seconds > 0 ? [flop / bytes, flop / seconds] : null;
}

function rooflineChart(measures, rows, choose) {
  const records = measures.records;
  const points = [], boards = new Map();
  let left = 0;
  for (const row of rows) {
    const point = achieved(measures, row);
    const peaks = [measures.get("peak_tflops", row), measures.get("peak_dram_gb_s", row)];
    if (peaks[0] && peaks[1]) boards.set(peaks.join(), peaks);
    if (point) points.push([row, ...point]);
    else left++;
  }
  const notes = left ? [element("p", { class: "hint" }, `Not in the chart: ${plural(left, "vector")} without arithmetic, or without traffic to DRAM.`)] : [];
  if (!points.length) return notes;
  const ridges = [...boards.values()].map(([tflops, gbs]) => [tflops * 1e12 / (gbs * 1e9), tflops * 1e12]);
  const scaleOf = (at) => {
    let least = Infinity, most = 0;
    for (const point of points) { least = Math.min(least, point[at]); most = Math.max(most, point[at]); }
    for (const ridge of ridges) { least = Math.min(least, ridge[at - 1] / 4); most = Math.max(most, ridge[at - 1] * 3); }
    return logScale([least / 1.3, most * 1.3]);
  };
  const [across, up] = [scaleOf(1), scaleOf(2)];
  const { width, height, left: x0, right, top, bottom } = CHART;
  const x = (value) => x0 + (width - x0 - right) * across(value);
  const y = (value) => height - bottom - (height - top - bottom) * up(value);
  const drawing = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "roofline-words" });
  axes(drawing, across, up, x, y);
  const words = `${plural(points.length, "vector")}: flop for each byte of DRAM traffic, and flop a second achieved${
    boards.size ? `, below ${boards.size === 1 ? "the board's" : `${boards.size} boards'`} limits` : "; the board's limits aren't known"}. The tables below have the numbers.`;
  const legend = marks(measures, drawing, points, x, y);
  // On top: many marks would hide the lines.
  for (const board of boards.values()) roofs(drawing, board, across, up, x, y);
  drawing.addEventListener("click", (event) => {
    const row = event.target.dataset && event.target.dataset.row;
    if (row) choose({ search: records.id[Number(row)] });
  });
  return [element("p", { id: "roofline-words" }, words), legend,
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Roofline chart" }, drawing), ...notes];
}

function axes(drawing, across, up, x, y) {
  const { width, height, left, right, top, bottom } = CHART;
  const powers = (place, limit) => logTicks(place.least, place.most, limit);
  const numberTick = (tick) => tick >= 0.01 && tick < 10000 ? String(tick) : `10${superscript(Math.round(Math.log10(tick)))}`;
  for (const tick of powers(across, 8)) {
    drawing.append(svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: top, y2: height - bottom }),
      svg("text", { x: x(tick), y: height - bottom + 15, "text-anchor": "middle" }, numberTick(tick)));
  }
  for (const tick of powers(up, 7)) {
    drawing.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      svg("text", { x: left - 5, y: y(tick) + 4, "text-anchor": "end" }, tickText(rate(tick, "")).trim()));
  }
  drawing.append(svg("text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, "flop for each byte to or from DRAM"),
    svg("text", { x: 0, y: 0, "text-anchor": "middle", transform: `translate(13 ${(top + height - bottom) / 2}) rotate(-90)` }, "flop/s achieved"));
}

function superscript(number) { return String(number).replace(/./g, (digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]); }

// DRAM's slope up to the matrix unit's level, and that level by fidelity.
function roofs(drawing, [tflops, gbs], across, up, x, y) {
  const roof = (flop) => gbs * 1e9 * flop;
  const ridge = tflops * 1e12 / (gbs * 1e9);
  const from = Math.max(across.least, up.least / (gbs * 1e9));
  drawing.append(svg("line", { class: "roof", x1: x(from), y1: y(roof(from)), x2: x(ridge), y2: y(roof(ridge)) }));
  // Along the line, at its middle.
  const middle = Math.sqrt(from * ridge);
  const slope = Math.atan2(y(roof(ridge)) - y(roof(from)), x(ridge) - x(from)) * 180 / Math.PI;
  drawing.append(svg("text", { class: "roof-label", "text-anchor": "middle", transform: `translate(${x(middle)} ${y(roof(middle))}) rotate(${slope}) translate(0 -5)` },
    `DRAM ${gbs} GB/s`));
  let last = -Infinity;
  for (const [name, phases] of [["LoFi", 1], ["HiFi2", 2], ["HiFi4", 4]]) {
    const level = tflops * 1e12 / phases;
    drawing.append(svg("line", { class: phases === 1 ? "roof" : "roof lower", x1: x(level / (gbs * 1e9)), y1: y(level), x2: x(across.most), y2: y(level) }));
    if (y(level) - last < 12) continue;
    last = y(level);
    drawing.append(svg("text", { class: "roof-label", x: x(across.most) - 3, y: y(level) - 3, "text-anchor": "end" },
      `${name} ${Number((tflops / phases).toPrecision(3))} Tflop/s`));
  }
}

// Each bound has a shape beside its colour.
const SHAPES = {
  compute: (r) => `m${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  dram: (r) => `m${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
  noc: (r) => `m0 ${-1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}z`,
  l1: (r) => `m0 ${-1.2 * r}l${1.2 * r} ${2.2 * r}h${-2.4 * r}z`,
  launch: (r) => `m0 ${1.2 * r}l${1.2 * r} ${-2.2 * r}h${-2.4 * r}z`,
  ambiguous: (r) => `m${-r} ${-r / 3}h${2 * r / 3}v${-2 * r / 3}h${2 * r / 3}v${2 * r / 3}h${2 * r / 3}v${2 * r / 3}h${-2 * r / 3}v${2 * r / 3}h${-2 * r / 3}v${-2 * r / 3}h${-2 * r / 3}z`,
};

// Vectors that are one spot on the screen are one mark, which is larger the more they are.
function marks(measures, drawing, points, x, y) {
  const records = measures.records;
  const cells = new Map(), counts = new Map();
  for (const [row, flop, speed] of points) {
    const at = BOUNDS.indexOf(boundOf(measures, row)), bound = at < 0 ? "ambiguous" : BOUNDS[at];
    counts.set(bound, (counts.get(bound) || 0) + 1);
    const [left, top] = [x(flop), y(speed)];
    const key = (at * 1000 + Math.round(left / CELL)) * 1000 + Math.round(top / CELL);
    const cell = cells.get(key);
    if (cell) cell.count++;
    else cells.set(key, { bound, row, x: left, y: top, count: 1 });
  }
  const isDense = cells.size > MOST_TITLES;
  const radius = (count) => isDense ? Math.min(CELL / 2, 1 + Math.log10(count)) : Math.min(7, 3 + Math.round(Math.log10(count) * 1.5));
  const path = (cell) => `M${cell.x.toFixed(1)} ${cell.y.toFixed(1)}${SHAPES[cell.bound](radius(cell.count))}`;
  if (!isDense) {
    for (const cell of cells.values()) {
      const mark = svg("path", { class: `mark b-${cell.bound}`, d: path(cell) });
      const title = cell.count > 1 ? `${cell.count.toLocaleString("en")} vectors, about ` : "";
      mark.append(svg("title", {}, `${title}${share(measures.get("roofline_ratio", cell.row))} of ideal: ${records.module(cell.row)}::${records.suiteName(cell.row)} ${records.id[cell.row].slice(0, 12)}`));
      if (cell.count === 1) mark.dataset.row = String(cell.row);
      drawing.append(mark);
    }
  } else {
    for (const bound of counts.keys()) {
      const paths = [...cells.values()].filter((cell) => cell.bound === bound).map(path);
      drawing.append(svg("path", { class: `mark dense b-${bound}`, d: paths.join("") }));
    }
  }
  const entries = BOUNDS.filter((bound) => counts.has(bound)).map((bound) => element("li", {},
    svg("svg", { viewBox: "-7 -7 14 14", class: "key", "aria-hidden": "true" }, svg("path", { class: `mark b-${bound}`, d: `M0 0${SHAPES[bound](4)}` })),
    `${BOUND_WORDS[bound]} (${counts.get(bound).toLocaleString("en")})`));
  return element("ul", { class: "legend", "aria-label": "What bounds the vectors" }, ...entries);
}

function boundTable(measures, rows) {
  const groups = new Map();
  for (const row of rows) {
    const bound = boundOf(measures, row);
    if (!groups.has(bound)) groups.set(bound, { ideal: [], ratios: [] });
    const ratio = measures.get("roofline_ratio", row);
    groups.get(bound).ideal.push(measures.get("ideal_ns", row) / 1e6);
    if (ratio !== null) groups.get(bound).ratios.push(ratio);
  }
  const hasRatios = [...groups.values()].some((group) => group.ratios.length);
  const order = [...groups.keys()].sort((a, b) => groups.get(b).ideal.length - groups.get(a).ideal.length || (a < b ? -1 : 1));
  const body = element("tbody", {}, ...order.map((bound) => {
    const { ideal, ratios } = groups.get(bound);
    ideal.sort((a, b) => a - b);
    ratios.sort((a, b) => a - b);
    const cells = (ordered, text) => [0, 0.5, 1].map((part) => numberCell(ordered.length ? text(quantile(ordered, part)) : ""));
    return element("tr", {}, element("th", { scope: "row" }, BOUND_WORDS[bound] || bound), numberCell(ideal.length.toLocaleString("en")),
      ...cells(ideal, duration), ...(hasRatios ? cells(ratios, share) : []));
  }));
  const heads = ["bound by", "vectors", "shortest ideal", "median ideal", "longest ideal",
    ...(hasRatios ? ["lowest of ideal", "median of ideal", "highest of ideal"] : [])];
  return [measureTable("What sets the ideal time", heads, body, ["bound by"])];
}

function furthestVectors(measures, rows, choose) {
  const order = ranked(rows, (row) => [boundOf(measures, row) === "launch" ? 1 : 0, measures.get("roofline_ratio", row)]);
  const body = element("tbody");
  const perSecond = (name, row, unit) => {
    const count = measures.own(name, row);
    return count ? rate(count / measures.get("ideal_ns", row) * measures.get("roofline_ratio", row) * 1e9, unit) : "";
  };
  const show = (row) => element("tr", {}, vectorCell(measures.records, row, choose), numberCell(share(measures.get("roofline_ratio", row))),
    numberCell(duration(measures.get("ideal_ns", row) / 1e6)), numberCell(duration(measures.get("ideal_ns", row) / measures.get("roofline_ratio", row) / 1e6)),
    element("td", {}, BOUND_WORDS[boundOf(measures, row)] || boundOf(measures, row)),
    numberCell(perSecond("flop_count", row, "flop/s")), numberCell(perSecond("byte_count", row, "B/s")));
  const more = paged("furthest", order, show, 10, body);
  return [measureTable("Furthest from the roofline; those bound by launching last, their ratio says little",
    ["vector", "of ideal", "ideal", "measured", "bound by", "computing", "DRAM"], body, ["vector", "bound by"]), more];
}

function longestIdeal(measures, rows, choose) {
  const order = ranked(rows, (row) => [-measures.get("ideal_ns", row), 0]);
  const body = element("tbody");
  const show = (row) => element("tr", {}, vectorCell(measures.records, row, choose), numberCell(duration(measures.get("ideal_ns", row) / 1e6)),
    element("td", {}, BOUND_WORDS[boundOf(measures, row)] || boundOf(measures, row)), numberCell(rate(measures.own("flop_count", row), "flop")),
    numberCell(size(measures.own("byte_count", row))));
  const more = paged("ideal", order, show, 10, body);
  return [measureTable(`Ideal times of ${plural(rows.length, "vector")} without a ratio, the longest first`,
    ["vector", "ideal", "bound by", "flop", "DRAM"], body, ["vector", "bound by"]), more];
}

// Why vectors have no ratio, or no roofline, the most frequent reasons first.
function reasonsMissing(records, rows) {
  const prefix = "roofline_missing: ", counts = new Map();
  for (const row of rows) {
    for (const note of records.noteTexts(row)) if (note.startsWith(prefix)) counts.set(note, (counts.get(note) || 0) + 1);
  }
  const order = [...counts].sort((a, b) => b[1] - a[1]);
  const lines = order.slice(0, 5).map(([note, count]) => element("li", {}, `${plural(count, "vector")}: ${note.slice(prefix.length)}`));
  if (order.length > 5) lines.push(element("li", {}, `${order.length - 5} more reasons`));
  return lines.length ? [element("p", { class: "hint" }, "Without a ratio, or without a roofline:"), element("ul", { class: "hint" }, ...lines)] : [];
}
