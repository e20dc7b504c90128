"use strict";
// The records: columns of numbers that point into one table of texts. See data.py, which writes them.

async function unpack(packed) {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("This browser is too old to unpack the records: it needs DecompressionStream (2023 or newer).");
  }
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

class Records {
  constructor(data) {
    Object.assign(this, data.columns);
    this.run = data.run;
    this.command = data.command;
    this.statuses = data.statuses;
    this.texts = data.texts;
    this.suites = data.suites;
    this.groups = data.groups.map(([id, status, type, text, examples]) => ({ id, status, type, text, examples }));
    this.parameterNames = data.names;
    this.values = data.values;
    this.traits = new Map(data.traits);
    this.count = this.suite.length;
    this.start = new Uint32Array(this.count + 1);
    for (let row = 0; row < this.count; row++) this.start[row + 1] = this.start[row] + data.names[this.names[row]].length;
    this.notRun = this.statuses.indexOf("NOT_RUN");
    this.pass = this.statuses.indexOf("PASS");
    this.failing = this.statuses.map((name) => name.startsWith("FAIL"));
    this.provider = data.provider;
    this.noteLists = data.notes;
    this.metrics = data.metrics.map(([name, unit, values, steps]) => ({ name, unit, values: this.spread(values, steps) }));
    for (const name of ["pcc", "e2e", "seconds"]) this[name] = this[name].map(numberOf);
  }

  // A value for each row, null where there is none; steps are from one row that has one to the next.
  spread(values, steps) {
    const column = new Array(this.count).fill(null);
    let row = 0;
    values.forEach((value, at) => { row = steps ? row + steps[at] : at; column[row] = numberOf(value); });
    return column;
  }

  // The values of a metric by row; null for one that no vector has.
  metric(name) {
    const found = this.metrics.find((metric) => metric.name === name);
    return found ? found.values : null;
  }

  noteTexts(row) { return this.noteLists[this.notes[row]].map((text) => this.texts[text]); }

  module(row) { return this.suites[this.suite[row]][0]; }
  suiteName(row) { return this.suites[this.suite[row]][1]; }
  statusName(row) { return this.statuses[this.status[row]]; }
  fails(row) { return this.failing[this.status[row]]; }
  // An error, or why it wasn't run.
  hasReason(row) { return this.group[row] >= 0; }
  ran(row) { return this.status[row] !== this.notRun; }

  parameters(row) {
    const names = this.parameterNames[this.names[row]];
    return names.map((name, at) => [this.texts[name], this.texts[this.values[this.start[row] + at]]]);
  }

  // What data.py could tell apart from the vector id is quoted already.
  rerun(row) {
    const [place, length] = this.node[row];
    const node = this.texts[place] + this.id[row].slice(0, length);
    return node ? `${this.command} ${node}` : "";
  }
}

// Absent is null; JSON has no NaN, so those come as Python writes them.
function numberOf(value) {
  if (typeof value !== "string") return value;
  return value === "nan" ? NaN : value === "inf" ? Infinity : -Infinity;
}

function numberText(value, digits = 6) {
  if (value === null || value === undefined) return "";
  return Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : String(value);
}
