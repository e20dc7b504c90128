// The table of vectors: a page of rows at a time, whatever their number.

const PAGE = 100;
const COLUMNS = [
  ["status", (records, row) => records.status[row]],
  ["suite", (records, row) => records.suite[row]],
  ["vector", (records, row) => row],
  ["PCC", (records, row) => records.pcc[row]],
  ["e2e ms", (records, row) => records.e2e[row]],
  ["call s", (records, row) => records.seconds[row]],
  ["message", (records, row) => records.message[row]],
];

class VectorTable {
  constructor(records, choose) {
    this.records = records;
    this.choose = choose;
    this.column = null;
    this.descends = false;
    this.page = 0;
    this.open = new Set();
    this.place = document.getElementById("vectors");
  }

  show(rows) {
    this.rows = rows;
    this.page = 0;
    this.open.clear();
    this.order = this.sorted();
    this.render();
  }

  sorted() {
    if (this.column === null) {
      // As they ran, failures first.
      const fails = (row) => this.records.fails(row);
      return [...this.rows.filter(fails), ...this.rows.filter((row) => !fails(row))];
    }
    const keyOf = COLUMNS[this.column][1];
    const keys = new Map(this.rows.map((row) => [row, keyOf(this.records, row)]));
    const sign = this.descends ? -1 : 1;
    // What isn't there comes last in both orders; NaN is worse than every number.
    const place = (key) => (key === null ? 2 : 0);
    const value = (key) => (Number.isNaN(key) ? -Infinity : key);
    return [...this.rows].sort((a, b) => {
      const [first, second] = [keys.get(a), keys.get(b)];
      if (place(first) !== place(second)) return place(first) - place(second);
      const [left, right] = [value(first), value(second)];
      return (left === right ? 0 : left < right ? -sign : sign) || a - b;
    });
  }

  sortBy(column) {
    this.descends = this.column === column ? !this.descends : false;
    this.column = column;
    this.page = 0;
    this.order = this.sorted();
    this.render();
    this.place.querySelectorAll("thead button")[column].focus();
  }

  turn(pages, focusOn) {
    this.page += pages;
    this.render();
    const button = this.place.querySelector(focusOn);
    (button.disabled ? this.place : button).focus();
  }

  render() {
    const last = Math.max(0, Math.ceil(this.rows.length / PAGE) - 1);
    this.page = Math.min(Math.max(this.page, 0), last);
    const from = this.page * PAGE;
    const shown = this.order.slice(from, from + PAGE);
    const heads = COLUMNS.map(([name], at) => element("th", {
      scope: "col", "aria-sort": this.column === at ? (this.descends ? "descending" : "ascending") : "none",
    }, element("button", { type: "button", class: "plain", onclick: () => this.sortBy(at) },
      `${name}${this.column === at ? (this.descends ? " ▼" : " ▲") : ""}`)));
    const body = element("tbody");
    for (const row of shown) {
      body.append(this.line(row));
      if (this.open.has(row)) body.append(this.detail(row));
    }
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
    const pager = element("nav", { class: "pager", "aria-label": "Pages of vectors" },
      element("button", { type: "button", class: "previous", disabled: this.page === 0, onclick: () => this.turn(-1, ".previous") }, "Previous"),
      element("span", {}, this.rows.length ? `${from + 1} to ${from + shown.length} of ${this.rows.length.toLocaleString("en")}` : "none"),
      element("button", { type: "button", class: "next", disabled: this.page === last, onclick: () => this.turn(1, ".next") }, "Next"));
    this.place.replaceChildren(table, pager);
  }

  line(row) {
    const records = this.records;
    const status = records.statusName(row);
    const message = records.texts[records.message[row]];
    const toggle = element("button", { type: "button", class: "plain mono", "aria-expanded": String(this.open.has(row)),
      onclick: () => this.toggle(row, toggle) }, records.id[row].slice(0, 12));
    return element("tr", { "data-row": String(row) },
      element("td", { class: statusClass(status), "data-label": "status" }, status),
      element("td", { class: "mono", "data-label": "suite" }, `${records.module(row)}::${records.suiteName(row)}`),
      element("td", { "data-label": "vector" }, toggle),
      element("td", { class: "number", "data-label": "PCC" }, numberText(records.pcc[row])),
      element("td", { class: "number", "data-label": "e2e ms" }, numberText(records.e2e[row], 4)),
      element("td", { class: "number", "data-label": "call s" }, numberText(records.seconds[row], 4)),
      element("td", { class: "message", "data-label": "message" }, message.length > 160 ? `${message.slice(0, 160)} …` : message));
  }

  toggle(row, button) {
    const line = button.closest("tr");
    if (this.open.delete(row)) line.nextElementSibling.remove();
    else { this.open.add(row); line.after(this.detail(row)); }
    button.setAttribute("aria-expanded", String(this.open.has(row)));
  }

  detail(row) {
    const records = this.records;
    const message = records.texts[records.message[row]];
    const group = records.hasReason(row) ? records.groups[records.group[row]] : null;
    const example = group && group.examples.find((one) => one.row === row);
    const parts = [element("p", {}, "vector ", element("code", {}, records.id[row]))];
    if (message) parts.push(element("pre", {}, message));
    if (records.cut[row]) parts.push(element("p", { class: "hint" }, "The message is cut; ttnn-sweeps results show has the whole."));
    parts.push(parameterList(records, row));
    const measured = records.metrics.filter((metric) => metric.values[row] !== null)
      .map((metric) => `${metric.name} ${numberText(metric.values[row])} ${metric.unit}`.trim());
    if (measured.length) parts.push(element("p", {}, measured.join(", ")));
    parts.push(...records.noteTexts(row).map((note) => element("p", { class: "hint" }, note)));
    if (records.texts[records.more[row]]) parts.push(element("p", {}, records.texts[records.more[row]]));
    parts.push(commandLine(records.rerun(row)));
    if (example && example.trace) parts.push(element("details", {}, element("summary", {}, "Traceback"), element("pre", {}, example.trace)));
    if (group) {
      parts.push(element("button", { type: "button", onclick: () => this.choose({ group: group.id }) }, records.fails(row) ? "Show all vectors with this error" : "Show all vectors not run for this reason"));
    }
    return element("tr", { class: "detail" }, element("td", { colspan: String(COLUMNS.length) }, ...parts));
  }
}
