// Times: how they are distributed by operation, and which vectors are the least steady.

function showTimes(measures, rows, filters, choose) {
  document.getElementById("time-section").hidden = !measures.has("e2e_ms", "run_ms");
  const records = measures.records;
  const place = document.getElementById("time");
  const { kind, values } = operationsOf(records, rows, (row) => measures.time(row));
  const unsteady = ranked(rows, (row) => {
    const deviation = measures.time(row, "mad_ms"), time = measures.time(row);
    return deviation === null || !time ? null : [measures.time(row, "bistable") ? 0 : 1, -deviation / time];
  });
  const caveat = NOT_SILICON[records.provider];
  place.replaceChildren(...(caveat ? [element("p", { class: "other" }, caveat)] : []),
    ...(values.size ? timesByOperation(kind, values, filters, choose) : [element("p", {}, "None of the chosen vectors was timed.")]),
    ...(unsteady.length ? unsteadyVectors(measures, unsteady, choose) : []));
}

function timesByOperation(kind, values, filters, choose) {
  const scale = logScale([...values.values()].flatMap((times) => [times[0] || times.find(Boolean), times[times.length - 1]]));
  const ticks = scale ? logTicks(scale.least, scale.most, 5) : [];
  const order = [...values.keys()].sort((a, b) => quantile(values.get(b), 0.5) - quantile(values.get(a), 0.5) || (a < b ? -1 : 1));
  const body = element("tbody");
  const show = (name) => {
    const times = values.get(name);
    return element("tr", {}, operationCell(kind, name, filters, choose), numberCell(times.length.toLocaleString("en")),
      ...[0, 0.5, 1].map((part) => numberCell(duration(quantile(times, part)))),
      element("td", { class: "drawn" }, scale ? boxStrip(scale, ticks, times) : ""));
  };
  const more = paged("time", order, show, 25, body);
  const heads = ["operation", "vectors", "fastest", "median", "slowest"];
  const head = scale ? axisHead("all, the middle half, the median", scale, ticks, (tick) => tickText(duration(tick))) : "";
  return [measureTable("Time, the slowest operations first", [...heads, head], body, ["operation"]), more];
}

function unsteadyVectors(measures, order, choose) {
  const records = measures.records;
  // By how many times its median a time may be higher or lower.
  let widest = 1.1;
  const interval = (row) => [measures.time(row, "low_ms"), measures.time(row, "high_ms")];
  for (const row of order.slice(0, 200)) {
    const [low, high] = interval(row);
    if (low > 0) widest = Math.max(widest, measures.time(row) / low, high / measures.time(row));
  }
  const scale = logScale([1 / Math.min(widest, 10), Math.min(widest, 10)]);
  const near = [1.5, 1.25, 1.1, 1.05].find((tick) => tick <= widest);
  const ticks = widest > 1.9 ? logTicks(scale.least, scale.most, 5) : [1 / near, 1, near];
  const body = element("tbody");
  const show = (row) => {
    const [low, high] = interval(row), time = measures.time(row);
    const hasInterval = low > 0 && high !== null;
    return element("tr", {}, vectorCell(records, row, choose), numberCell(duration(time)),
      numberCell(hasInterval ? `${duration(low)} to ${duration(high)}` : ""), numberCell(share(measures.time(row, "mad_ms") / time)),
      element("td", {}, measures.time(row, "bistable") ? "two" : ""),
      element("td", { class: "drawn" }, hasInterval ? strip(...tickLines(scale, ticks),
        svg("rect", { class: "box", x: WIDTH * scale(low / time), width: Math.max(WIDTH * (scale(high / time) - scale(low / time)), 2), y: 5, height: HEIGHT - 10 }),
        svg("line", { class: "median", x1: WIDTH * scale(1), x2: WIDTH * scale(1), y1: 1, y2: HEIGHT - 1 })) : ""));
  };
  const more = paged("unsteady", order, show, 10, body);
  const heads = ["vector", "median", "95 % interval of the median", "deviation", "modes"];
  const head = axisHead("interval by the median", scale, ticks, (tick) => `${Number(tick.toPrecision(2))}×`);
  return [measureTable(`Spread of ${plural(order.length, "vector")}, two modes first, then the largest median deviation`,
    [...heads, head], body, ["vector", "modes"]), more];
}
