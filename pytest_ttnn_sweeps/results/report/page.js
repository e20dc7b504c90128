// Puts the page together: what is chosen, and what follows from it.

async function start() {
  const records = new Records(await unpack(document.getElementById("data").textContent));
  const filters = new Filters(records);
  const measures = new Measures(records);
  const table = new VectorTable(records, choose);
  const byId = (id) => document.getElementById(id);
  const search = byId("search");

  function choose(change) {
    const { value, ...rest } = change;
    if (value) {
      const text = value.join("\u001f");
      if (!filters.values.some((one) => one.join("\u001f") === text)) filters.values.push(value);
    }
    Object.assign(filters, rest);
    update();
  }

  // What is rendered anew loses the focus; whoever uses the keyboard goes on where they were.
  function keepingFocus(render) {
    const active = document.activeElement;
    const place = active && active.closest("#matrix, #failures, #not-run, #values, #time, #memory, #roofline, #vectors");
    const nameOf = (one) => one.dataset.focus || one.getAttribute("aria-label");
    const name = place && nameOf(active);
    render();
    if (place && !active.isConnected) {
      ([...place.querySelectorAll("button")].find((one) => name && nameOf(one) === name) || place).focus();
    }
  }

  function update() {
    keepingFocus(render);
  }

  function render() {
    try {
      history.replaceState(null, "", `#${filters.write()}`);
    } catch { /* Some viewers of files allow no change of the address. */ }
    const rows = filters.rows();
    showControls();
    byId("count").textContent = `${rows.length.toLocaleString("en")} of ${plural(records.count, "vector")}`;
    showTotals(records, rows);
    showMatrix(records, filters.rows(["module", "suite"]), filters, choose);
    showFailures(records, filters.group ? filters.rows(["group"]) : rows, filters, choose);
    showValues(records, rows, filters.group || filters.statuses.size ? filters.rows(["status", "group"]) : rows, choose);
    showSpread(records, rows);
    showTimes(measures, rows, filters, choose);
    showMemory(measures, rows, filters, choose);
    showRoofline(measures, rows, choose);
    table.show(rows);
  }

  function showControls() {
    if (search.value !== filters.search) search.value = filters.search;
    byId("module").value = filters.module;
    byId("suite").value = filters.suite;
    for (const box of byId("statuses").querySelectorAll("input")) box.checked = filters.statuses.has(box.value);
    const chips = filters.values.map((value, at) => ["", `${value[1]} = ${value[2]}`, () => filters.values.splice(at, 1)]);
    if (filters.group) chips.push(["group ", filters.group, () => { filters.group = ""; }]);
    byId("chosen").replaceChildren(...chips.map(([kind, text, remove]) => element("button", {
      type: "button", "aria-label": `Remove ${kind}${text}`, onclick: () => { remove(); update(); search.focus(); },
    }, `${kind}${text} ✕`)));
  }

  function fill(select, names, all) {
    select.replaceChildren(element("option", { value: "" }, all),
      ...[...new Set(names)].sort().map((name) => element("option", { value: name }, name)));
  }

  fill(byId("module"), records.suites.map(([module]) => module), "all");
  fill(byId("suite"), records.suites.map(([, suite]) => suite), "all");
  const used = new Set(records.status);
  byId("statuses").append(...records.statuses.filter((name, at) => used.has(at)).map((name) => element("label", {},
    element("input", { type: "checkbox", value: name, onchange: (event) => {
      if (event.target.checked) filters.statuses.add(name); else filters.statuses.delete(name);
      update();
    } }), name)));
  byId("module").addEventListener("change", (event) => choose({ module: event.target.value }));
  byId("suite").addEventListener("change", (event) => choose({ suite: event.target.value }));
  let waiting;
  search.addEventListener("input", () => {
    // A large run shouldn't be searched for each letter.
    clearTimeout(waiting);
    waiting = setTimeout(() => choose({ search: search.value }), records.count > 20000 ? 250 : 60);
  });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("reset").addEventListener("click", () => { filters.clear(); update(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      search.focus();
    }
  });
  addEventListener("hashchange", () => {
    // A link inside the page is no choice.
    if (location.hash !== "#vectors" && location.hash.slice(1) !== filters.write()) { filters.read(location.hash); update(); }
  });
  if (location.hash !== "#vectors") filters.read(location.hash);
  byId("page").hidden = false;
  update();
}

start().catch((error) => {
  const trouble = document.getElementById("trouble");
  trouble.textContent = `The report can't be shown: ${error.message}`;
  trouble.hidden = false;
  throw error;
});
