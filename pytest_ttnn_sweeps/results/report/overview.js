// Totals, the matrix, failures by error and by value, and distributions, each of the rows that are chosen.

// All content goes in as text: what a record says is never markup.
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

function plural(count, noun) { return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`; }

function percent(part, whole) { return whole ? `${(100 * part / whole).toFixed(1)} %` : ""; }

function statusClass(name) { return name === "PASS" || name === "XFAIL" ? "good" : name.startsWith("FAIL") ? "bad" : "other"; }

// How many entries of each list were asked for: a choice that renders it anew takes none away.
const wanted = new Map();

// A list that shows its first entries, and more when asked.
function paged(name, entries, show, step, container) {
  let shown = 0;
  const more = element("button", { type: "button", onclick: () => advance(true) });
  function advance(asked) {
    const made = entries.slice(shown, asked ? shown + step : Math.max(step, wanted.get(name) || 0)).map(show);
    shown += made.length;
    container.append(...made);
    if (asked) wanted.set(name, shown);
    more.textContent = `Show ${Math.min(step, entries.length - shown)} more of ${entries.length - shown}`;
    more.hidden = shown >= entries.length;
    if (asked && made.length) (made[0].querySelector("summary, button") || made[0]).focus();
  }
  advance(false);
  return more;
}

function showTotals(records, rows) {
  const counts = new Map();
  let failed = 0, passed = 0, worst = null, seconds = 0;
  for (const row of rows) {
    const name = records.statusName(row);
    counts.set(name, (counts.get(name) || 0) + 1);
    failed += records.fails(row);
    passed += records.status[row] === records.pass;
    const pcc = records.pcc[row];
    if (pcc !== null && (worst === null || Number.isNaN(pcc) || pcc < worst)) worst = pcc;
    seconds += records.seconds[row] || 0;
  }
  const tiles = [["vectors", rows.length], ["pass rate", percent(passed, passed + failed)]];
  for (const name of records.statuses) if (counts.has(name)) tiles.push([name, counts.get(name), statusClass(name)]);
  if (worst !== null) tiles.push(["worst PCC", numberText(worst)]);
  tiles.push(["time in run", `${numberText(seconds, 4)} s`]);
  document.getElementById("totals").replaceChildren(...tiles.filter(([, value]) => value !== "").map(([name, value, kind]) =>
    element("div", {}, element("dt", {}, name), element("dd", { class: kind || "", "data-total": name },
      typeof value === "number" ? value.toLocaleString("en") : value))));
}

const MOST_SUITE_COLUMNS = 12;

function showMatrix(records, rows, filters, choose) {
  const modules = new Map(), suites = new Map();
  for (const row of rows) {
    const module = records.module(row), suite = records.suiteName(row);
    suites.set(suite, (suites.get(suite) || 0) + 1);
    if (!modules.has(module)) modules.set(module, { failed: 0, suites: new Map() });
    const line = modules.get(module);
    if (!line.suites.has(suite)) line.suites.set(suite, { passed: 0, failed: 0, other: 0 });
    const cell = line.suites.get(suite);
    if (records.fails(row)) { cell.failed++; line.failed++; }
    else if (records.status[row] === records.pass) cell.passed++;
    else cell.other++;
  }
  const byCount = [...suites.keys()].sort((a, b) => suites.get(b) - suites.get(a) || (a < b ? -1 : 1));
  const columns = byCount.slice(0, MOST_SUITE_COLUMNS), rest = byCount.slice(MOST_SUITE_COLUMNS);
  const order = [...modules.keys()].sort((a, b) => modules.get(b).failed - modules.get(a).failed || (a < b ? -1 : 1));
  const body = element("tbody");
  const cellOf = (module, suite, cell) => {
    if (!cell) return element("td");
    const words = [`${cell.passed} passed`, `${cell.failed} failed`].concat(cell.other ? [`${cell.other} other`] : []);
    const isChosen = filters.module === module && filters.suite === suite;
    return element("td", {}, element("button", {
      type: "button", "aria-pressed": String(isChosen), "aria-label": `${module} ${suite || "other suites"}: ${words.join(", ")}`,
      onclick: () => choose(isChosen ? { module: "", suite: "" } : { module, suite }),
    }, element("span", { class: cell.passed ? "good" : "" }, `${cell.passed} ✓ `),
      element("span", { class: cell.failed ? "bad" : "" }, `${cell.failed} ✗`),
      cell.other ? element("span", { class: "other" }, ` ${cell.other} –`) : ""));
  };
  const show = (module) => {
    const line = modules.get(module);
    const cells = columns.map((suite) => cellOf(module, suite, line.suites.get(suite)));
    if (rest.length) {
      const others = { passed: 0, failed: 0, other: 0 };
      let has = false;
      for (const suite of rest) {
        const cell = line.suites.get(suite);
        if (cell) { has = true; for (const name of Object.keys(others)) others[name] += cell[name]; }
      }
      cells.push(cellOf(module, "", has ? others : null));
    }
    return element("tr", {}, element("th", { scope: "row" }, module), ...cells);
  };
  const heads = columns.concat(rest.length ? [plural(rest.length, "other suite")] : []);
  const table = element("table", {}, element("thead", {}, element("tr", {},
    ...["operation", ...heads].map((name) => element("th", { scope: "col" }, name)))), body);
  document.getElementById("matrix").replaceChildren(table, paged("matrix", order, show, 25, body));
}

function commandLine(command) {
  if (!command) return element("p", { class: "hint" }, "The node of this vector isn't known, so there is no command.");
  const code = element("code", {}, command);
  const button = element("button", { type: "button", class: "copy", onclick: async () => {
    try {
      await navigator.clipboard.writeText(command);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  } }, "Copy");
  return element("div", { class: "command" }, code, button);
}

function parameterList(records, row) {
  return element("dl", { class: "parameters" }, ...records.parameters(row).flatMap(([name, value]) =>
    [element("dt", {}, name), element("dd", {}, element("code", {}, value))]));
}

function showFailures(records, rows, filters, choose) {
  const failed = rows.filter((row) => records.fails(row));
  const notRun = rows.filter((row) => records.hasReason(row) && !records.fails(row));
  showGroups(records, failed, "failures", "No failures among the chosen vectors.", filters, choose);
  showGroups(records, notRun, "not-run", "", filters, choose);
  document.getElementById("not-run-section").hidden = notRun.length === 0;
}

function showGroups(records, rows, placeId, none, filters, choose) {
  const groups = new Map();
  for (const row of rows) {
    const at = records.group[row];
    if (!groups.has(at)) groups.set(at, { at, count: 0, first: [], suites: new Map() });
    const entry = groups.get(at);
    entry.count++;
    if (entry.first.length < 3) entry.first.push(row);
    const place = records.suites[records.suite[row]].join("::");
    entry.suites.set(place, (entry.suites.get(place) || 0) + 1);
  }
  const order = [...groups.values()].sort((a, b) => b.count - a.count || a.at - b.at);
  const place = document.getElementById(placeId);
  const open = new Set([...place.querySelectorAll("details.group[open]")].map((details) => details.dataset.group));
  const show = (entry) => {
    const group = records.groups[entry.at];
    const details = element("details", { class: "group", "data-group": group.id, open: open.has(group.id) }, element("summary", {},
      element("span", { class: `count ${statusClass(group.status)}` }, `${entry.count.toLocaleString("en")}×`),
      element("span", { class: "tag" }, `${group.status}${group.type ? ` ${group.type}` : ""}`), group.text));
    const fill = () => {
      if (!details.open || details.childElementCount > 1) return;
      const places = [...entry.suites].sort((a, b) => b[1] - a[1]);
      const list = places.slice(0, 20).map(([place, count]) => `${place} (${count})`).join(", ");
      const isChosen = filters.group === group.id;
      details.append(
        element("p", {}, `In ${plural(places.length, "suite")}: ${list}${places.length > 20 ? ", ..." : ""}`),
        element("p", {}, element("button", { type: "button", "aria-pressed": String(isChosen), "data-focus": group.id,
          onclick: () => choose({ group: isChosen ? "" : group.id }) },
          isChosen ? "Show other vectors too" : `Show only these ${plural(entry.count, "vector")}`)),
        ...sharedValues(records, rows, entry.at), ...entry.first.flatMap((row) => example(records, group, row)));
    };
    details.addEventListener("toggle", fill);
    fill();
    return details;
  };
  const container = element("div");
  const more = paged(placeId, order, show, 20, container);
  place.replaceChildren(container, more, order.length ? "" : element("p", {}, none));
}

// Values that every vector of the group has.
function sharedValues(records, rows, at) {
  let shared = null;
  for (const row of rows) {
    if (records.group[row] !== at) continue;
    const here = new Map(records.parameters(row));
    if (shared === null) shared = here;
    else for (const [name, value] of shared) if (here.get(name) !== value) shared.delete(name);
    if (!shared.size) return [];
  }
  const text = [...shared].map(([name, value]) => `${name} = ${value}`).join(", ");
  return text ? [element("p", {}, "All of them have: ", element("code", {}, text))] : [];
}

function example(records, group, row) {
  const known = group.examples.find((one) => one.row === row);
  const trace = known && known.trace
    ? [element("details", {}, element("summary", {}, "Traceback"), element("pre", {}, known.trace))] : [];
  return [element("p", {}, element("strong", {}, `${records.module(row)}::${records.suiteName(row)}`), " ",
    element("code", {}, records.id[row])), element("pre", {}, records.texts[records.message[row]]),
  parameterList(records, row), commandLine(records.rerun(row)), ...trace];
}

// Of the population, which is chosen without regard to status and error, those among `rows` that failed count as failed.
function showValues(records, rows, population, choose) {
  const isChosen = new Uint8Array(records.count);
  for (const row of rows) isChosen[row] = 1;
  const counts = new Map(), named = new Map();
  const count = (map, key, failed) => {
    const entry = map.get(key);
    if (entry) { entry[0]++; entry[1] += failed; } else map.set(key, [1, failed]);
  };
  for (const row of population) {
    if (!records.ran(row)) continue;
    const failed = Number(records.fails(row) && isChosen[row] === 1);
    const names = records.parameterNames[records.names[row]];
    const traits = new Set();
    for (let at = 0; at < names.length; at++) {
      const value = records.values[records.start[row] + at];
      // One number for both: texts are far fewer than 2^26.
      count(counts, names[at] * 67108864 + value, failed);
      count(named, names[at], failed);
      for (const trait of records.traits.get(value) || []) traits.add(trait);
    }
    const kinds = new Set();
    for (const trait of traits) {
      count(counts, -1 - trait, failed);
      kinds.add(records.texts[trait].split(" ")[0]);
    }
    for (const kind of kinds) count(named, kind, failed);
  }
  const found = [];
  for (const [key, [vectors, failed]] of counts) {
    if (!failed) continue;
    const isTrait = key < 0;
    const nameAt = Math.floor(key / 67108864);
    const parts = isTrait ? records.texts[-1 - key].split(" ") : [records.texts[nameAt], records.texts[key % 67108864]];
    const [all, allFailed] = named.get(isTrait ? parts[0] : nameAt);
    const excess = failed - vectors * allFailed / all;
    if (all > vectors && excess > 0) {
      found.push({ kind: isTrait ? "trait" : "parameter", name: parts[0], value: parts.slice(1).join(" "),
        vectors, failed, others: all - vectors, othersFailed: allFailed - failed, excess });
    }
  }
  found.sort((a, b) => b.excess - a.excess || (a.name + a.value < b.name + b.value ? -1 : 1));
  const body = element("tbody");
  const show = (line) => element("tr", {},
    element("td", {}, line.name, line.kind === "trait" ? element("span", { class: "tag" }, " of any parameter") : ""),
    element("td", {}, element("button", { type: "button", class: "plain mono", "aria-label": `Only ${line.name} = ${line.value}`,
      onclick: () => choose({ value: [line.kind, line.name, line.value] }) }, line.value)),
    element("td", { class: "number" }, `${line.failed} of ${line.vectors}`),
    element("td", { class: "number bad" }, percent(line.failed, line.vectors)),
    element("td", { class: "number" }, percent(line.othersFailed, line.others)));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...["parameter", "value", "failed", "rate",
    "rate of other values"].map((name, at) => element("th", { scope: "col", class: at > 1 ? "number" : "" }, name)))), body);
  const more = paged("values", found, show, 15, body);
  const place = document.getElementById("values");
  place.replaceChildren(...(found.length ? [table, more] : [element("p", {}, "None among the chosen vectors.")]));
}

const PCC_EDGES = [0, 0.9, 0.99, 0.999, 0.9999];

function showSpread(records, rows) {
  const pccs = [], e2e = [], seconds = [];
  for (const row of rows) {
    if (records.pcc[row] !== null) pccs.push(records.pcc[row]);
    if (records.e2e[row] !== null) e2e.push(records.e2e[row]);
    if (records.seconds[row] !== null) seconds.push(records.seconds[row] * 1000);
  }
  const times = e2e.length ? e2e : seconds;
  const charts = [chart("PCC", pccs, PCC_EDGES, ""),
    chart(e2e.length ? "End-to-end time" : "Time of the call", times, timeEdges(times), " ms")];
  document.getElementById("spread").replaceChildren(...charts);
}

// 1, 2, 5, 10, ... around the times that there are.
function timeEdges(times) {
  let least = Infinity, most = 0;
  for (const time of times) if (Number.isFinite(time) && time > 0) { least = Math.min(least, time); most = Math.max(most, time); }
  const edges = [];
  if (least === Infinity) return edges;
  for (let power = Math.floor(Math.log10(least)); edges.length < 30; power++) {
    for (const step of [1, 2, 5]) {
      const edge = Number((step * 10 ** power).toPrecision(1));
      if (edge > least) edges.push(edge);
      if (edge >= most) return edges;
    }
  }
  return edges;
}

function chart(title, numbers, edges, unit) {
  const labels = edges.length ? [`below ${edges[0]}${unit}`] : [];
  edges.forEach((edge, at) => labels.push(at + 1 < edges.length ? `${edge} to ${edges[at + 1]}${unit}` : `${edge}${unit} or more`));
  const bins = labels.map(() => 0);
  let notFinite = 0, total = 0, least = Infinity, most = -Infinity;
  for (const number of numbers) {
    if (!Number.isFinite(number)) { notFinite++; continue; }
    let bin = 0;
    while (bin < edges.length && number >= edges[bin]) bin++;
    if (bins.length) bins[bin]++;
    total += number;
    least = Math.min(least, number);
    most = Math.max(most, number);
  }
  if (notFinite) { labels.unshift("NaN or infinite"); bins.unshift(notFinite); }
  const largest = Math.max(1, ...bins);
  const body = element("tbody", {}, ...labels.map((label, at) => {
    const bar = element("div", { class: "bar", role: "presentation" });
    bar.style.width = `${100 * bins[at] / largest}%`;
    return element("tr", {}, element("th", { scope: "row", class: "number" }, label),
      element("td", { class: "number" }, bins[at].toLocaleString("en")), element("td", {}, bins[at] ? bar : ""));
  }));
  const finite = numbers.length - notFinite;
  const facts = finite ? `: min ${numberText(least)}, mean ${numberText(total / finite)}, max ${numberText(most)}${unit}` : "";
  const caption = element("caption", {}, numbers.length ? `${title} of ${plural(numbers.length, "vector")}${facts}` : `${title}: none measured`);
  return element("table", { "data-chart": title }, caption, body);
}
