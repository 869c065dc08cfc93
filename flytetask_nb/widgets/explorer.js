// The explorer in a page. The kernel has the table, the search and the counts; here is one page of rows, where the cursor
// stands, and what is asked for next. What comes from a task is set as text; only cards are markup, made by the views.
const ROW = 26; // pixels
const TALLEST = 8e6; // pixels that every browser scrolls
const PATIENCE = 150; // milliseconds without an answer until the page says so
const REST = 120; // milliseconds that the cursor rests on a row before its card is asked for
const KINDS = ["rows", "side", "facets", "more", "code"]; // what is asked for first

function make(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const button = (text, click, attributes) => make("button", { type: "button", click, ...attributes }, text);
const number = (value) => value.toLocaleString("en");
const written = (value) => (value === null ? "(none)" : String(value));

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function set(node, name, value) {
  if (value === null || value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

// At most one request is under way, and of each kind only the latest waits behind it.
class Line {
  constructor(send, onWait) {
    this.send = send;
    this.onWait = onWait;
    this.waiting = {};
    this.underway = null;
    this.serial = 0;
  }

  ask(kind, message) {
    this.waiting[kind] = message;
    this.next();
  }

  next() {
    if (this.underway) return;
    const kind = KINDS.find((each) => this.waiting[each]);
    if (!kind) return;
    const message = this.waiting[kind];
    delete this.waiting[kind];
    this.underway = { kind, message, serial: ++this.serial };
    this.timer = setTimeout(() => this.onWait(true), PATIENCE);
    this.send({ ...message, serial: this.serial });
  }

  // Gives what the answer is to; null where nobody waits for it any more.
  answered(serial) {
    if (!this.underway || this.underway.serial !== serial) return null;
    const { kind, message } = this.underway;
    this.underway = null;
    clearTimeout(this.timer);
    this.onWait(false);
    return { kind, message };
  }
}

class Explorer {
  constructor(model, el) {
    this.model = model;
    this.view = globalThis.crypto?.randomUUID?.() ?? String(Math.random());
    this.line = new Line(
      (message) => model.send({ ...message, view: this.view }),
      (waits) => this.showWaiting(waits),
    );
    this.active = { row: 0, column: 0 };
    this.anchor = 0;
    this.page = { start: 0, rows: [], lines: 0, columns: [] };
    this.sections = new Map();
    this.pool = [];
    this.build(el);
    const first = model.get("first");
    this.take(first.state);
    this.showPage(first.page);
    this.look(["rows"]);
    this.facetsAreOld = true;
    this.onMessage = (message) => this.hear(message);
    model.on("msg:custom", this.onMessage);
    this.resized = new ResizeObserver(() => this.paint());
    this.resized.observe(this.scroller);
  }

  end() {
    this.model.off("msg:custom", this.onMessage);
    this.resized.disconnect();
    clearTimeout(this.rest);
  }

  // -- what stands on the page ----------------------------------------------------------------------------------------

  build(el) {
    this.search = make("input", {
      type: "search",
      "aria-label": "Search",
      placeholder: "Search: words, gpu>0, type:spark, -legacy, OR",
      spellcheck: "false",
      autocomplete: "off",
      input: () => this.filter(() => (this.state.query = this.search.value)),
      keydown: (event) => {
        if (event.key === "ArrowDown") this.enterGrid(event);
      },
    });
    this.count = make("span", { role: "status", "aria-live": "polite", class: "ftn-x-count" });
    this.waits = make("span", { class: "ftn-x-wait", hidden: true }, "waiting for the kernel …");
    this.progress = make("span", { class: "ftn-x-wait", hidden: true });
    this.cancel = button("Stop", () => this.model.send({ kind: "cancel", view: this.view }), { hidden: true });
    this.grouped = make("input", {
      type: "checkbox",
      change: () => this.filter(() => (this.state.grouped = this.grouped.checked)),
    });
    this.columnsButton = button("Columns", () => this.toggleMenu(), { "aria-expanded": "false" });
    const top = make(
      "div",
      { class: "ftn-x-top" },
      this.search,
      this.count,
      this.waits,
      this.progress,
      this.cancel,
      make("span", { class: "ftn-x-gap" }),
      make("label", {}, this.grouped, " by name"),
      this.columnsButton,
      button("Copy as code", () => this.line.ask("code", { kind: "code" })),
    );
    this.problem = make("div", { class: "ftn-x-problem", role: "alert", hidden: true });
    this.chips = make("div", { class: "ftn-x-chips" });
    this.menu = make("div", { class: "ftn-x-menu", role: "group", "aria-label": "Columns", hidden: true });
    this.menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.toggleMenu();
    });
    this.code = make("div", { class: "ftn-x-code", hidden: true });
    this.facets = make("div", { class: "ftn-x-facets" });
    this.filters = make("details", { class: "ftn-x-filters", open: true }, make("summary", {}, "Filters"), this.facets);
    this.header = make("div", { role: "row", class: "ftn-x-row ftn-x-header", "aria-rowindex": 1 });
    this.layer = make("div", { role: "rowgroup", class: "ftn-x-layer" });
    this.space = make("div", { role: "presentation", class: "ftn-x-space" }, this.layer);
    this.grid = make(
      "div",
      { role: "grid", class: "ftn-x-grid", "aria-label": "Tasks", "aria-multiselectable": "true" },
      make("div", { role: "rowgroup", class: "ftn-x-heads" }, this.header),
      this.space,
    );
    this.scroller = make("div", { class: "ftn-x-scroll", scroll: () => this.scrolled() }, this.grid);
    this.side = make("div", { class: "ftn-x-side", role: "region", "aria-label": "Card", tabindex: "-1" });
    this.side.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.enterGrid(event);
    });
    this.grid.addEventListener("keydown", (event) => this.pressed(event));
    this.grid.addEventListener("click", (event) => this.clicked(event));
    this.grid.addEventListener("focusin", (event) => {
      const cell = event.target.closest("[role=gridcell],[role=columnheader]");
      if (cell) this.active = { row: this.rowOf(cell), column: cell.column };
    });
    this.root = make(
      "div",
      // JupyterLab takes arrows, Enter and the like for moves between cells, except in what is marked so.
      { class: "ftn-x", role: "group", "aria-label": "Explorer of tasks", "data-lm-suppress-shortcuts": "true" },
      top,
      this.problem,
      this.menu,
      this.code,
      this.chips,
      make("div", { class: "ftn-x-body" }, this.filters, this.scroller, this.side),
    );
    el.append(this.root);
    // In a narrow place the rows come first.
    requestAnimationFrame(() => (this.filters.open = this.root.clientWidth === 0 || this.root.clientWidth > 720));
  }

  take(state) {
    this.all = state.all;
    this.state = {
      query: state.query,
      chosen: new Map(Object.entries(state.chosen)),
      ranges: new Map(Object.entries(state.ranges)),
      sort: state.sort,
      grouped: state.grouped,
      opened: new Set(state.opened),
      columns: state.columns,
    };
    if (this.search.value !== state.query) this.search.value = state.query;
    this.grouped.checked = state.grouped;
    this.showChips();
    if (!this.menu.hidden) this.showMenu();
  }

  // -- questions ------------------------------------------------------------------------------------------------------

  asked() {
    const { query, chosen, ranges, sort, grouped, opened } = this.state;
    return {
      query,
      chosen: Object.fromEntries(chosen),
      ranges: Object.fromEntries(ranges),
      sort,
      grouped,
      opened: [...opened],
    };
  }

  look(parts) {
    const asked = this.asked();
    const room = this.room();
    const start = Math.max(0, this.firstRow() - room);
    const columns = this.state.columns;
    const key = JSON.stringify(asked);
    this.line.ask(parts[0], { kind: "look", ...asked, columns, start, count: 3 * room, parts, key });
  }

  // What changes which rows there are.
  filter(change) {
    change();
    this.state.opened = this.state.grouped ? this.state.opened : new Set();
    this.scroller.scrollTop = 0;
    if (this.active.row > 0) this.active.row = 0;
    this.facetsAreOld = true;
    this.showChips();
    this.look(["rows"]);
  }

  sortBy(column, adds) {
    const at = this.state.sort.findIndex(([name]) => name === column);
    const before = this.state.sort[at];
    const rest = adds ? this.state.sort.filter(([name]) => name !== column) : [];
    const now = !before ? [[column, false]] : before[1] ? [] : [[column, true]];
    // A column that is turned round keeps its rank.
    if (adds && before && now.length) rest.splice(at, 0, ...now);
    else rest.push(...now);
    this.state.sort = rest;
    this.scroller.scrollTop = 0;
    this.look(["rows"]);
  }

  choose(column, values) {
    this.filter(() => {
      if (values.length) this.state.chosen.set(column, values);
      else this.state.chosen.delete(column);
    });
  }

  limit(column, low, high) {
    this.filter(() => {
      if (low === null && high === null) this.state.ranges.delete(column);
      else this.state.ranges.set(column, [low, high]);
    });
  }

  openGroup(key, opens) {
    if (opens) this.state.opened.add(key);
    else this.state.opened.delete(key);
    this.look(["rows"]);
  }

  showColumns(columns) {
    this.state.columns = columns;
    this.look(["rows"]);
  }

  // -- answers --------------------------------------------------------------------------------------------------------

  hear(message) {
    if (message.kind === "state") {
      this.take(message.state);
      this.facetsAreOld = true;
      this.look(["rows"]);
    } else if (message.kind === "changed") {
      this.showProgress(message.progress);
      this.facetsAreOld = true;
      this.look(["rows"]);
    } else if (message.view === this.view) {
      const asked = this.line.answered(message.serial);
      if (asked) this.hearAnswer(message, asked);
      // Counts are asked for when nobody waits for rows.
      if (this.facetsAreOld && !this.line.underway && !this.line.waiting.rows) {
        this.facetsAreOld = false;
        this.look(["facets"]);
      }
      this.line.next();
    }
  }

  hearAnswer(message, { message: asked }) {
    const isOld = asked.key !== undefined && asked.key !== JSON.stringify(this.asked());
    if (message.kind === "error") this.showProblem(message.message);
    else if (message.kind === "page" && !isOld) {
      if (message.facets) this.showFacets(message.facets, message.histograms);
      if (message.rows) this.showPage(message);
    } else if (message.kind === "side") this.showSide(message, asked);
    else if (message.kind === "code") this.showCode(message.text);
  }

  showWaiting(waits) {
    this.waits.hidden = !waits;
    set(this.grid, "aria-busy", waits ? "true" : null);
  }

  showProblem(text) {
    this.problem.hidden = !text;
    setText(this.problem, text || "");
    set(this.search, "aria-invalid", text ? "true" : null);
  }

  showProgress(progress) {
    this.progress.hidden = !progress;
    this.cancel.hidden = !progress?.stops;
    if (progress) setText(this.progress, `${progress.what}: ${number(progress.done)} of ${number(progress.total)}`);
  }

  showPage(page) {
    this.showProblem(page.problem?.message);
    this.showProgress(page.progress);
    // A search that cannot be read leaves the rows as they are.
    if (page.problem) return;
    const names = JSON.stringify(page.columns);
    if (names !== this.columnNames) {
      this.columnNames = names;
      this.page = page;
      this.layOut();
    }
    this.page = page;
    this.state.columns = this.state.columns && page.columns.map(({ name }) => name);
    setText(this.count, `${number(page.matched)} of ${number(page.total)}${page.selected ? ` · ${number(page.selected)} selected` : ""}`);
    this.active.row = Math.min(this.active.row, page.lines - 1);
    this.space.style.height = `${Math.min(page.lines * ROW, TALLEST)}px`;
    set(this.grid, "role", this.state.grouped ? "treegrid" : "grid");
    set(this.grid, "aria-rowcount", page.lines + 1);
    this.paintHeader();
    this.paint();
    if (this.shown === undefined && page.rows.length) this.restOn(0);
  }

  // -- the grid -------------------------------------------------------------------------------------------------------

  room() {
    return Math.max(5, Math.ceil((this.scroller.clientHeight - ROW) / ROW));
  }

  reach() {
    return Math.max(0, this.page.lines * ROW - (this.scroller.clientHeight - ROW));
  }

  // Beyond what a browser scrolls, a pixel of the bar is several rows.
  scale() {
    const end = Math.min(this.page.lines * ROW, TALLEST) - (this.scroller.clientHeight - ROW);
    return end > 0 ? this.reach() / end : 1;
  }

  firstRow() {
    return Math.min(Math.floor((this.scroller.scrollTop * this.scale()) / ROW), Math.max(0, this.page.lines - 1));
  }

  layOut() {
    const { columns } = this.page;
    const widths = columns.map(({ name, numeric }, place) => (place === 0 ? 250 : numeric ? 92 : name === "version" ? 110 : 140));
    const total = widths.reduce((sum, width) => sum + width, 0);
    this.grid.style.setProperty("--ftn-x-columns", widths.map((width) => `minmax(${width}px, ${width}fr)`).join(" "));
    this.grid.style.minWidth = `${total}px`;
    set(this.grid, "aria-colcount", columns.length);
    this.header.replaceChildren(
      ...columns.map((column, place) => {
        const head = make("div", {
          role: "columnheader",
          class: column.numeric ? "ftn-x-number" : null,
          "aria-colindex": place + 1,
          tabindex: -1,
          title: `${column.title}: sort; with Shift, sort by it too; Alt and arrows move the column`,
        });
        head.append(make("span", {}, column.title), make("span", { class: "ftn-x-order", "aria-hidden": "true" }));
        head.column = place;
        return head;
      }),
    );
    this.pool = [];
    this.layer.replaceChildren();
    this.active.column = Math.min(this.active.column, columns.length - 1);
  }

  paintHeader() {
    const { sort } = this.state;
    for (const head of this.header.children) {
      const rank = sort.findIndex(([name]) => name === this.page.columns[head.column].name);
      const descends = rank >= 0 && sort[rank][1];
      set(head, "aria-sort", rank < 0 ? null : descends ? "descending" : "ascending");
      setText(head.lastChild, rank < 0 ? "" : `${descends ? "▼" : "▲"}${sort.length > 1 ? rank + 1 : ""}`);
    }
  }

  newRow() {
    const row = make("div", { role: "row", class: "ftn-x-row" });
    this.page.columns.forEach((column, place) => {
      const cell = make("div", {
        role: "gridcell",
        class: column.numeric ? "ftn-x-number" : null,
        "aria-colindex": place + 1,
        tabindex: -1,
      });
      if (place === 0) {
        const mark = make("span", { class: "ftn-x-mark", "aria-hidden": "true" });
        cell.append(mark, make("span", { class: "ftn-x-twist", "aria-hidden": "true" }), make("span"));
      }
      cell.column = place;
      row.append(cell);
    });
    this.layer.append(row);
    this.pool.push(row);
    return row;
  }

  paint() {
    const { page } = this;
    const first = this.firstRow();
    const count = Math.min(this.room() + 1, page.lines - first);
    const isExact = page.lines * ROW <= TALLEST;
    this.layer.style.transform = `translateY(${isExact ? first * ROW : this.scroller.scrollTop}px)`;
    while (this.pool.length < count) this.newRow();
    this.pool.forEach((row, place) => {
      row.hidden = place >= count;
      if (!row.hidden) this.paintRow(row, first + place);
    });
    this.grid.tabIndex = this.cell() ? -1 : 0;
    this.paintCursor();
  }

  paintRow(row, index) {
    const data = this.page.rows[index - this.page.start];
    const [kind, , isSelected, group, ...cells] = data || ["waiting", null, 0, null];
    row.index = index;
    row.className = `ftn-x-row ftn-x-${kind}${index % 2 ? " ftn-x-odd" : ""}`;
    set(row, "aria-rowindex", index + 2);
    set(row, "aria-selected", data ? Boolean(isSelected) : null);
    set(row, "aria-level", this.state.grouped ? (kind === "group" ? 1 : 2) : null);
    set(row, "aria-expanded", kind === "group" ? Boolean(group.open) : null);
    for (const cell of row.children) {
      const text = data ? cells[cell.column] ?? "" : cell.column ? "" : "…";
      if (cell.column) setText(cell, text);
      else {
        setText(cell.children[0], isSelected ? "☑" : "☐");
        setText(cell.children[1], kind === "group" ? (group.open ? "▾" : "▸") : "");
        setText(cell.children[2], kind === "group" ? `${text} · ${number(group.count)}` : text);
      }
      set(cell, "title", text.length > 10 ? text : null);
    }
  }

  rowOf(cell) {
    return cell.parentNode === this.header ? -1 : cell.parentNode.index;
  }

  cell({ row, column } = this.active) {
    const line = row < 0 ? this.header : this.pool.find((each) => !each.hidden && each.index === row);
    return line?.children[column];
  }

  // One cell of the grid can be reached with Tab: that of the cursor, or the grid while it is out of sight.
  paintCursor() {
    const now = this.cell();
    const had = this.grid.contains(document.activeElement);
    if (this.cursor && this.cursor !== now) this.cursor.tabIndex = -1;
    this.cursor?.parentNode?.classList.remove("ftn-x-current");
    this.cursor = now;
    if (now) {
      now.tabIndex = 0;
      if (this.active.row >= 0) now.parentNode.classList.add("ftn-x-current");
    }
    if (had && document.activeElement !== now) (now ?? this.grid).focus({ preventScroll: true });
  }

  enterGrid(event) {
    event?.preventDefault();
    this.bringIntoView();
    (this.cell() ?? this.grid).focus({ preventScroll: true });
    if (this.active.row >= 0) this.restOn(this.active.row);
  }

  scrolled() {
    this.paint();
    const first = this.firstRow();
    const room = this.room();
    const { start, rows, lines } = this.page;
    const near = Math.floor(room / 2);
    if ((start > 0 && first < start + near) || (start + rows.length < lines && first + room + near > start + rows.length)) this.look(["rows"]);
  }

  bringIntoView() {
    const { row, column } = this.active;
    const { scroller } = this;
    if (row >= 0) {
      const top = (row * ROW) / this.scale();
      const last = ((row + 1) * ROW - (scroller.clientHeight - ROW)) / this.scale();
      if (scroller.scrollTop > top) scroller.scrollTop = top;
      else if (scroller.scrollTop < last) scroller.scrollTop = Math.ceil(last);
      this.scrolled();
    }
    const cell = this.cell();
    const name = this.header.children[0];
    if (!cell || column === 0) return;
    const left = cell.offsetLeft - name.offsetWidth;
    if (scroller.scrollLeft > left) scroller.scrollLeft = left;
    const right = cell.offsetLeft + cell.offsetWidth - scroller.clientWidth;
    if (scroller.scrollLeft < right) scroller.scrollLeft = right;
  }

  moveTo(row, column) {
    const { lines, columns } = this.page;
    this.active = {
      row: Math.max(-1, Math.min(row, lines - 1)),
      column: Math.max(0, Math.min(column, columns.length - 1)),
    };
    this.bringIntoView();
    this.paintCursor();
    (this.cell() ?? this.grid).focus({ preventScroll: true });
    if (this.active.row >= 0) this.restOn(this.active.row);
  }

  data(index) {
    return this.page.rows[index - this.page.start];
  }

  pressed(event) {
    const { row, column } = this.active;
    const isControl = event.ctrlKey || event.metaKey;
    const room = this.room() - 1;
    const line = this.data(row);
    const group = line?.[0] === "group" ? line[3] : null;
    const last = this.page.lines - 1;
    const isName = column === 0 && row >= 0 && this.state.grouped;
    const moves = {
      ArrowDown: () => this.moveTo(row + 1, column),
      ArrowUp: () => this.moveTo(row - 1, column),
      ArrowRight: () => {
        if (event.altKey && row < 0) this.shift(column, 1);
        else if (isName && group && !group.open) this.openGroup(group.key, true);
        else this.moveTo(row, column + 1);
      },
      ArrowLeft: () => {
        if (event.altKey && row < 0) this.shift(column, -1);
        else if (isName && group?.open) this.openGroup(group.key, false);
        else if (isName && line && !group) this.moveTo(this.groupOf(row), 0);
        else this.moveTo(row, column - 1);
      },
      Home: () => this.moveTo(isControl ? 0 : row, 0),
      End: () => this.moveTo(isControl ? last : row, this.page.columns.length - 1),
      PageDown: () => this.moveTo(Math.max(row, 0) + room, column),
      PageUp: () => this.moveTo(Math.max(row - room, 0), column),
      Enter: () => {
        if (row < 0) this.sortBy(this.page.columns[column].name, event.shiftKey);
        else if (group && column === 0) this.openGroup(group.key, !group.open);
        else this.open(row, true);
      },
      " ": () => {
        if (row < 0) this.sortBy(this.page.columns[column].name, event.shiftKey);
        else this.select(row, event.shiftKey ? "to" : "toggle");
      },
      Escape: () => this.select(row, "none"),
      a: isControl && (() => this.select(row, "all")),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    moves[event.key]();
  }

  groupOf(row) {
    let above = row;
    while (above > this.page.start && this.data(above)?.[0] !== "group") above -= 1;
    return above;
  }

  shift(column, step) {
    const names = this.page.columns.map(({ name }) => name);
    const to = column + step;
    // The name stays where it is.
    if (column < 1 || to < 1 || to >= names.length) return;
    names.splice(to, 0, ...names.splice(column, 1));
    this.active.column = to;
    this.showColumns(names);
  }

  clicked(event) {
    const cell = event.target.closest("[role=gridcell],[role=columnheader]");
    if (!cell) return;
    const row = this.rowOf(cell);
    const isControl = event.ctrlKey || event.metaKey;
    if (row < 0) {
      this.active = { row, column: cell.column };
      this.sortBy(this.page.columns[cell.column].name, event.shiftKey);
      return;
    }
    const line = this.data(row);
    this.moveTo(row, cell.column);
    if (event.target.classList.contains("ftn-x-twist") && line?.[0] === "group") this.openGroup(line[3].key, !line[3].open);
    else if (event.shiftKey) this.select(row, "to");
    else if (isControl || event.target.classList.contains("ftn-x-mark")) this.select(row, "toggle");
  }

  // -- selection and card ---------------------------------------------------------------------------------------------

  select(row, mode) {
    const line = this.data(row);
    if (!line && mode !== "none" && mode !== "all") return;
    const step = { mode, row, from: mode === "to" ? this.anchor : row };
    if (mode === "toggle") this.anchor = row;
    // The page follows at once; none of the steps gets lost behind a request.
    this.page.rows.forEach((each, place) => {
      const index = this.page.start + place;
      const isMeant = mode === "to" ? index >= Math.min(step.from, row) && index <= Math.max(step.from, row) : index === row;
      if (mode === "none" || mode === "all") each[2] = mode === "all";
      else if (isMeant) each[2] = mode === "to" || !each[2];
    });
    this.paint();
    const steps = [...(this.line.waiting.side?.steps ?? []), step];
    this.line.ask("side", { kind: "select", ...this.asked(), steps });
  }

  restOn(row) {
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.open(row), REST);
  }

  open(row, enters) {
    clearTimeout(this.rest);
    const line = this.data(row);
    if (!line || this.line.waiting.side?.steps) return;
    if (enters && line[1] === this.shown) this.side.focus();
    else if (line[1] !== this.shown && !(this.compares && !enters)) {
      this.enters = enters;
      this.line.ask("side", { kind: "open", position: line[1] });
    }
  }

  showSide(answer, asked) {
    if (answer.selected !== undefined && this.page.matched !== undefined) {
      const words = answer.selected ? ` · ${number(answer.selected)} selected` : "";
      setText(this.count, `${number(this.page.matched)} of ${number(this.page.total)}${words}`);
      this.page.selected = answer.selected;
    }
    if (asked.kind === "more") {
      if (asked.position === this.shown) this.side.lastElementChild.innerHTML = answer.html;
      return;
    }
    if (answer.html === null) return;
    this.compares = answer.compares;
    this.shown = answer.compares ? null : answer.position;
    set(this.side, "aria-label", answer.title);
    const above = make("div", { class: "ftn-x-card" });
    // Made by the views, which escape and mask all that comes from a task.
    above.innerHTML = answer.html;
    this.side.replaceChildren(above, make("div", { class: "ftn-x-card" }));
    this.side.scrollTop = 0;
    if (this.enters) this.side.focus();
    this.enters = false;
    if (answer.more) this.line.ask("more", { kind: "more", position: answer.position });
  }

  // -- filters --------------------------------------------------------------------------------------------------------

  showChips() {
    const chips = [];
    for (const [column, values] of this.state.chosen) chips.push([column, values.map(written).join(", "), () => this.choose(column, [])]);
    for (const [column, [low, high]] of this.state.ranges) {
      const histogram = this.sections.get(`# ${column}`);
      const text = histogram?.rangeText?.(low, high) ?? `${low ?? ""} – ${high ?? ""}`;
      chips.push([column, text, () => this.limit(column, null, null)]);
    }
    const title = (column) => this.all.find(([name]) => name === column)?.[1] ?? column.replaceAll("_", " ");
    const nodes = chips.map(([column, text, clear]) =>
      button(`${title(column)}: ${text} ✕`, clear, { class: "ftn-x-chip", "aria-label": `Remove filter ${title(column)}: ${text}` }),
    );
    if (chips.length > 1) {
      const all = () =>
        this.filter(() => {
          this.state.chosen.clear();
          this.state.ranges.clear();
        });
      nodes.push(button("Clear all", all, { class: "ftn-x-chip" }));
    }
    this.chips.replaceChildren(...nodes);
  }

  section(key, title, isOpen) {
    let section = this.sections.get(key);
    if (!section) {
      const heading = make("span");
      const body = make("div", { role: "group", "aria-label": title });
      const fold = make("details", { open: isOpen }, make("summary", {}, title, " ", heading), body);
      this.facets.append(fold);
      section = { heading, body, fold };
      this.sections.set(key, section);
    }
    return section;
  }

  showFacets(facets, histograms) {
    // Where the focus was, it is again.
    const focused = this.facets.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const keys = new Set();
    facets.forEach((facet, place) => {
      keys.add(facet.column);
      this.showFacet(facet, this.section(facet.column, facet.title, place < 3));
    });
    for (const histogram of histograms) {
      keys.add(`# ${histogram.column}`);
      this.showHistogram(histogram, this.section(`# ${histogram.column}`, histogram.title, true));
    }
    for (const [key, section] of this.sections) section.fold.hidden = !keys.has(key);
    if (focused) [...this.facets.querySelectorAll("[data-key]")].find((node) => node.dataset.key === focused)?.focus();
    this.showChips();
  }

  showFacet(facet, section) {
    const { column, title } = facet;
    const chosen = this.state.chosen.get(column) ?? [];
    setText(section.heading, chosen.length ? `${chosen.length} chosen` : facet.pending ? "…" : "");
    const nodes = facet.values.map(([value, count]) => {
      const key = JSON.stringify([column, value]);
      const isChosen = chosen.includes(value);
      const box = make("input", { type: "checkbox", "data-key": key, checked: isChosen });
      box.addEventListener("change", () => {
        this.choose(column, isChosen ? chosen.filter((each) => each !== value) : [...chosen, value]);
      });
      const text = written(value);
      const label = make("label", { title: text }, box, make("span", { class: "ftn-x-value" }, text), make("span", { class: "ftn-x-n" }, number(count)));
      const only = button("only", () => this.choose(column, [value]), { "aria-label": `Only ${title} ${text}`, "data-key": `only ${key}` });
      return make("div", { class: "ftn-x-choice" }, label, only);
    });
    if (facet.pending) nodes.push(make("div", { class: "ftn-x-pending" }, "still being computed"));
    if (facet.others) nodes.push(make("div", { class: "ftn-x-pending" }, `${number(facet.others)} of other values`));
    if (chosen.length) nodes.push(button("clear", () => this.choose(column, []), { "aria-label": `Clear ${title}`, "data-key": `clear ${column}` }));
    section.body.replaceChildren(...nodes);
  }

  showHistogram(histogram, section) {
    const { column, title, edges, labels, counts, all, missing } = histogram;
    const bins = counts.length;
    const highest = Math.max(1, ...all);
    const [low, high] = this.state.ranges.get(column) ?? [null, null];
    const nearest = (value, otherwise) => {
      if (value === null) return otherwise;
      const at = edges.findIndex((edge) => edge >= value * (1 - 1e-9));
      return at < 0 ? bins : at;
    };
    let from = nearest(low, 0);
    let to = nearest(high, bins);
    section.rangeText = (least, most) => `${labels[nearest(least, 0)]} – ${labels[nearest(most, bins)]}`;
    const words = () => `${labels[from]} – ${labels[to]}`;
    setText(section.heading, words());
    const tall = (count) => (count ? Math.max(8, 100 * Math.sqrt(count / highest)) : 0);
    const bars = counts.map((count, place) =>
      make(
        "span",
        { title: `${labels[place]} – ${labels[place + 1]}: ${number(count)} of ${number(all[place])}` },
        make("i", { style: `height:${tall(all[place])}%` }),
        make("b", { style: `height:${tall(count)}%` }),
      ),
    );
    const chart = make("div", { class: "ftn-x-bars", "aria-hidden": "true" }, ...bars);
    const shade = () => bars.forEach((bar, place) => bar.classList.toggle("ftn-x-out", place < from || place >= to));
    const apply = () => this.limit(column, from ? edges[from] : null, to < bins ? edges[to] : null);
    const handles = ["from", "to"].map((end) => {
      const handle = make("input", {
        type: "range",
        min: 0,
        max: bins,
        step: 1,
        value: end === "from" ? from : to,
        "aria-label": `${title} ${end}`,
        "aria-valuetext": labels[end === "from" ? from : to],
        "data-key": `${end} ${column}`,
      });
      handle.addEventListener("input", () => {
        const value = Number(handle.value);
        if (end === "from") from = Math.min(value, to - 1);
        else to = Math.max(value, from + 1);
        handle.value = end === "from" ? from : to;
        set(handle, "aria-valuetext", labels[handle.value]);
        setText(section.heading, words());
        shade();
        apply();
      });
      return handle;
    });
    // Drawn over with the mouse, from bar to bar.
    const at = (event) => {
      const { left, width } = chart.getBoundingClientRect();
      return Math.max(0, Math.min(bins - 1, Math.floor(((event.clientX - left) / width) * bins)));
    };
    chart.addEventListener("pointerdown", (event) => {
      const start = at(event);
      chart.setPointerCapture(event.pointerId);
      const draw = (moved) => {
        from = Math.min(start, at(moved));
        to = Math.max(start, at(moved)) + 1;
        setText(section.heading, words());
        shade();
      };
      draw(event);
      chart.addEventListener("pointermove", draw);
      const end = () => {
        chart.removeEventListener("pointermove", draw);
        apply();
      };
      chart.addEventListener("pointerup", end, { once: true });
    });
    shade();
    const nodes = [chart, make("div", { class: "ftn-x-handles" }, ...handles)];
    if (missing) nodes.push(make("div", { class: "ftn-x-pending" }, `${number(missing)} without`));
    if (low !== null || high !== null) {
      nodes.push(button("clear", () => this.limit(column, null, null), { "aria-label": `Clear ${title}`, "data-key": `clear ${column}` }));
    }
    section.body.replaceChildren(...nodes);
  }

  // -- columns, and code ----------------------------------------------------------------------------------------------

  toggleMenu() {
    this.menu.hidden = !this.menu.hidden;
    set(this.columnsButton, "aria-expanded", !this.menu.hidden);
    if (this.menu.hidden) this.columnsButton.focus();
    else {
      this.showMenu();
      this.menu.querySelector("input, button")?.focus();
    }
  }

  showMenu() {
    const names = this.page.columns.map(({ name }) => name);
    const focused = this.menu.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const titles = new Map(this.all);
    const change = (columns) => {
      this.page.columns = columns.map((name) => ({ name, title: titles.get(name) ?? name }));
      this.showColumns(columns);
      this.showMenu();
    };
    const move = (name, step) => {
      const place = names.indexOf(name);
      const to = place + step;
      if (to < 1 || to >= names.length) return;
      const moved = [...names];
      moved.splice(to, 0, ...moved.splice(place, 1));
      change(moved);
    };
    const others = this.all.map(([name]) => name).filter((name) => !names.includes(name));
    const items = [...names, ...others].map((name, place) => {
      const title = titles.get(name) ?? name;
      const isShown = place < names.length;
      const box = make("input", { type: "checkbox", checked: isShown, disabled: place === 0, "data-key": name });
      box.addEventListener("change", () => change(isShown ? names.filter((each) => each !== name) : [...names, name]));
      const item = make("div", { class: "ftn-x-choice" }, make("label", {}, box, make("span", { class: "ftn-x-value" }, title)));
      if (isShown && place) {
        item.append(
          button("↑", () => move(name, -1), { "aria-label": `Move ${title} to the left`, "data-key": `up ${name}` }),
          button("↓", () => move(name, 1), { "aria-label": `Move ${title} to the right`, "data-key": `down ${name}` }),
        );
      }
      return item;
    });
    const tools = make(
      "div",
      { class: "ftn-x-tools" },
      button("Only what differs", () => this.line.ask("rows", { kind: "differing", ...this.asked() }), { "data-key": "differing" }),
      button("As at the start", () => this.reset(), { "data-key": "reset" }),
      button("Close", () => this.toggleMenu(), { "data-key": "close" }),
    );
    this.menu.replaceChildren(tools, make("div", { class: "ftn-x-items" }, ...items));
    if (focused) [...this.menu.querySelectorAll("[data-key]")].find((node) => node.dataset.key === focused)?.focus();
  }

  reset() {
    this.showColumns(null);
  }

  async showCode(text) {
    const box = make("textarea", { readonly: true, rows: Math.min(8, text.split("\n").length + 1), "aria-label": "Code that makes the same set" });
    box.value = text;
    const status = make("span", { role: "status" });
    const close = () => (this.code.hidden = true);
    this.code.replaceChildren(box, make("div", { class: "ftn-x-tools" }, button("Close", close), status));
    this.code.hidden = false;
    try {
      await navigator.clipboard.writeText(text);
      status.textContent = "copied";
    } catch {
      // Pages that are not served safely have no clipboard of their own.
      box.select();
      if (document.execCommand("copy")) status.textContent = "copied";
    }
  }
}

function render({ model, el }) {
  const explorer = new Explorer(model, el);
  return () => explorer.end();
}
export default { render };
