// Which vectors are shown. Everything that is chosen is in the address, so that a link leads to the same view.

class Filters {
  constructor(records) {
    this.records = records;
    this.clear();
  }

  clear() {
    this.search = "";
    this.module = "";
    this.suite = "";
    this.group = "";
    this.statuses = new Set();
    this.values = []; // [kind, name, value]: kind is "parameter", or "trait" for whichever parameter has it.
  }

  read(hash) {
    this.clear();
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    this.search = given.get("q") || "";
    this.module = given.get("module") || "";
    this.suite = given.get("suite") || "";
    this.group = given.get("group") || "";
    this.statuses = new Set(given.getAll("status"));
    this.values = given.getAll("value").map((text) => text.split("\u001f")).filter((parts) => parts.length === 3);
  }

  write() {
    const given = new URLSearchParams();
    if (this.search) given.set("q", this.search);
    if (this.module) given.set("module", this.module);
    if (this.suite) given.set("suite", this.suite);
    if (this.group) given.set("group", this.group);
    for (const status of this.statuses) given.append("status", status);
    for (const value of this.values) given.append("value", value.join("\u001f"));
    return given.toString();
  }

  // Rows that meet everything that is chosen, but for what `without` names: a view offers what else could be chosen.
  rows(without = []) {
    const records = this.records;
    const conditions = [];
    const leaves = (name) => without.includes(name);
    if (this.module && !leaves("module")) conditions.push((row) => records.module(row) === this.module);
    if (this.suite && !leaves("suite")) conditions.push((row) => records.suiteName(row) === this.suite);
    if (this.statuses.size && !leaves("status")) conditions.push((row) => this.statuses.has(records.statusName(row)));
    if (this.group && !leaves("group")) {
      conditions.push((row) => records.hasReason(row) && records.groups[records.group[row]].id === this.group);
    }
    if (!leaves("values")) conditions.push(...this.values.map((value) => this.hasValue(value)));
    for (const word of this.search.toLowerCase().split(/\s+/).filter(Boolean)) conditions.push(this.hasWord(word));
    const found = [];
    for (let row = 0; row < records.count; row++) {
      if (conditions.every((condition) => condition(row))) found.push(row);
    }
    return found;
  }

  hasValue([kind, name, value]) {
    const records = this.records;
    const text = records.texts.indexOf(kind === "trait" ? `${name} ${value}` : value);
    const nameAt = records.texts.indexOf(name);
    return (row) => {
      const names = records.parameterNames[records.names[row]];
      for (let at = 0; at < names.length; at++) {
        const found = records.values[records.start[row] + at];
        if (kind === "trait" ? (records.traits.get(found) || []).includes(text) : names[at] === nameAt && found === text) {
          return true;
        }
      }
      return false;
    };
  }

  // Every text is searched once, however many rows have it.
  hasWord(word) {
    const records = this.records;
    const texts = records.texts.map((text) => text.toLowerCase().includes(word));
    const suites = records.suites.map((names) => names.join("::").toLowerCase().includes(word));
    const statuses = records.statuses.map((name) => name.toLowerCase().includes(word));
    const groups = records.groups.map((group) => `${group.id} ${group.text} ${group.type}`.toLowerCase().includes(word));
    const names = records.parameterNames.map((list) => list.some((name) => texts[name]));
    return (row) => {
      if (suites[records.suite[row]] || texts[records.message[row]] || names[records.names[row]]) return true;
      if (statuses[records.status[row]] || records.id[row].includes(word)) return true;
      if (records.hasReason(row) && groups[records.group[row]]) return true;
      for (let at = records.start[row]; at < records.start[row + 1]; at++) if (texts[records.values[at]]) return true;
      return false;
    };
  }
}
