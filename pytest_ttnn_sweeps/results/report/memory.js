// Memory: peaks of one core's L1, against what a core has.

function showMemory(measures, rows, filters, choose) {
  document.getElementById("memory-section").hidden = !measures.has("peak_l1_bytes_per_core", "peak_l1_buffer_bytes_per_core");
  const records = measures.records;
  const place = document.getElementById("memory");
  const { kind, values } = operationsOf(records, rows, (row) => measures.peakL1(row));
  if (!values.size) {
    place.replaceChildren(element("p", {}, "Of none of the chosen vectors."));
    return;
  }
  let capacity = 0, most = 0, onlyTensors = 0;
  for (const row of rows) {
    const peak = measures.peakL1(row), part = measures.get("l1_share", row);
    most = Math.max(most, peak || 0);
    if (peak && part) capacity = Math.max(capacity, peak / part);
    onlyTensors += peak !== null && measures.get("peak_l1_bytes_per_core", row) === null;
  }
  const facts = capacity ? [`The bars end at the ${size(Math.round(capacity / 1024) * 1024)} that a core has.`]
    : ["What a core has isn't known here: the bars end at the largest peak."];
  if (onlyTensors) facts.push(`Of ${plural(onlyTensors, "vector")} tensors alone are counted.`);
  const whole = capacity || most || 1;
  place.replaceChildren(element("p", { class: onlyTensors ? "other" : "" }, facts.join(" ")),
    ...memoryByOperation(kind, values, whole, filters, choose), ...largestVectors(measures, rows, whole, choose));
}

// A bar in a track that is all there is; the tick is the median.
function trackStrip(part, middle = null) {
  const width = WIDTH * Math.min(1, part);
  return strip(svg("rect", { class: "track", x: 0, width: WIDTH, y: 4, height: HEIGHT - 8 }),
    svg("rect", { class: part > 1 ? "box full" : "box", x: 0, width: part ? Math.max(width, 2) : 0, y: 4, height: HEIGHT - 8 }),
    ...(middle === null ? [] : [svg("line", { class: "median", x1: WIDTH * Math.min(1, middle), x2: WIDTH * Math.min(1, middle), y1: 1, y2: HEIGHT - 1 })]));
}

const barHead = (name) => element("th", { scope: "col", class: "drawn" }, element("span", { class: "hidden" }, name));

function memoryByOperation(kind, values, whole, filters, choose) {
  const last = (name) => values.get(name)[values.get(name).length - 1];
  const order = [...values.keys()].sort((a, b) => last(b) - last(a) || (a < b ? -1 : 1));
  const body = element("tbody");
  const show = (name) => {
    const peaks = values.get(name), middle = quantile(peaks, 0.5);
    return element("tr", {}, operationCell(kind, name, filters, choose), numberCell(peaks.length.toLocaleString("en")),
      numberCell(size(Math.round(middle))), numberCell(size(last(name))),
      element("td", { class: "drawn" }, trackStrip(last(name) / whole, middle / whole)));
  };
  const more = paged("memory", order, show, 25, body);
  return [measureTable("Peaks of one core's L1, the largest first", ["operation", "vectors", "median", "largest",
    barHead("the largest, and the median as a line")], body, ["operation"]), more];
}

function largestVectors(measures, rows, whole, choose) {
  const names = [["programs", "peak_cb_bytes_per_core"], ["tensors", "peak_l1_buffer_bytes_per_core"], ["DRAM", "peak_dram_bytes"]]
    .filter(([, name]) => measures.has(name));
  const hasShare = measures.has("l1_share");
  const order = ranked(rows, (row) => {
    const peak = measures.peakL1(row);
    return peak === null ? null : [-peak, -(measures.get("peak_dram_bytes", row) || 0)];
  });
  const body = element("tbody");
  const show = (row) => element("tr", {}, vectorCell(measures.records, row, choose), numberCell(size(measures.peakL1(row))),
    ...(hasShare ? [numberCell(share(measures.get("l1_share", row)))] : []),
    ...names.map(([, name]) => numberCell(size(measures.get(name, row)))),
    element("td", { class: "drawn" }, trackStrip(measures.peakL1(row) / whole)));
  const more = paged("largest", order, show, 10, body);
  return [measureTable("Vectors that take the most L1; peaks of parts come at different moments",
    ["vector", "L1 a core", ...(hasShare ? ["of all"] : []), ...names.map(([title]) => title), barHead("of what there is")], body, ["vector"]), more];
}
