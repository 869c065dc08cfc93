// The explorer in a page. The kernel has the table; here is a page of its rows, the cursor, and what is asked for.
// What comes from a task is set as text; cards alone are markup of the views.
const ROW = 26; // pixels
const TALLEST = 8e6; // pixels that every browser scrolls
const PATIENCE = 150; // milliseconds until the page says that it waits
const REST = 120; // milliseconds on a row until its card is asked for
const NARROW = 720; // pixels, as in the stylesheet
const KINDS = ["rows", "side", "facets", "more", "code"]; // the first goes first

// Gives an element: "div.note" is a div of the class ftn-x-note.
function make(kind, properties, ...children) {
  const [tag, name] = kind.split(".");
  const made = { ...(name && { className: `ftn-x-${name}` }), ...properties };
  const node = Object.assign(document.createElement(tag), made, { made });
  node.append(...children);
  return node;
}

const button = (text, onclick, properties) => make("button", { type: "button", onclick, ...properties }, text);
const onKey = (key, action) => (event) => void (event.key === key && action(event));
const holdsControl = (event) => event.ctrlKey || event.metaKey;
const sign = (name, text = "") => make(`span.${name}`, { ariaHidden: "true" }, text);
const note = (text) => make("div.note", {}, text);
const number = (value) => value.toLocaleString("en");
const written = (value) => value ?? "(none)";

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Makes the children of a node like others. A node stays, with the focus and the key or pointer that is held down on it,
// where another of its kind has its key; without keys, where one of its kind has its place. Keys differ among children,
// and what has one key or place sets the same properties each time.
function match(parent, nodes) {
  const keys = new Set(nodes.map(({ key }) => key));
  for (const old of [...parent.childNodes]) if (!keys.has(old.key)) old.remove();
  nodes.forEach((node, place) => {
    const at = parent.childNodes[place] ?? null;
    const old = node.key === undefined ? at : [...parent.childNodes].find(({ key }) => key === node.key);
    if (old?.nodeName !== node.nodeName || old.key !== node.key) return void parent.insertBefore(node, at);
    if (old !== at) (parent.moveBefore ?? parent.insertBefore).call(parent, old, at);
    if (old === node) return;
    if (old.nodeName === "#text") setText(old, node.textContent);
    else match(Object.assign(old, node.made), [...node.childNodes]);
  });
  while (parent.childNodes.length > nodes.length) parent.lastChild.remove();
}

// Gives what has the focus in a part of the page; some front ends keep widgets in a shadow tree.
function focused(parent) {
  const { activeElement } = parent.getRootNode();
  return parent.contains(activeElement) ? activeElement : null;
}

const controls = (parent) => [...parent.querySelectorAll("input, button")];

// Puts other nodes in. The focus of one that is gone goes to its neighbour.
function refill(parent, nodes) {
  const had = focused(parent);
  const place = controls(parent).indexOf(had);
  match(parent, nodes);
  if (!had || had === focused(parent)) return;
  const left = controls(parent);
  (had.isConnected ? had : left[Math.min(place, left.length - 1)] ?? controls(parent.closest(".ftn-x"))[0]).focus();
}

// At most one request is under way, and of each kind the latest alone waits behind it.
class Line {
  constructor(page) {
    Object.assign(this, { page, waiting: {}, underway: null, serial: 0 });
  }

  ask(kind, message) {
    this.waiting[kind] = message;
    this.next();
  }

  next() {
    const kind = KINDS.find((each) => this.waiting[each]);
    if (this.underway || !kind) return;
    const message = this.waiting[kind];
    delete this.waiting[kind];
    this.underway = message;
    this.timer = setTimeout(() => this.page.showWaiting(true), PATIENCE);
    this.page.send({ ...message, serial: ++this.serial });
  }

  // Gives the request that has its answer now.
  answered(serial) {
    const { underway } = this;
    if (!underway || serial !== this.serial) return null;
    this.underway = null;
    clearTimeout(this.timer);
    this.page.showWaiting(false);
    return underway;
  }
}

class Explorer {
  constructor(model, el) {
    const line = new Line(this);
    Object.assign(this, { model, line, view: String(Math.random()), active: { row: 0, column: 0 }, anchor: 0, folds: {} });
    this.build(el);
    const { state, page } = model.get("first");
    this.take(state);
    this.showPage(page);
    // That was when it was made; now it may be elsewhere.
    this.line.ask("rows", { kind: "hello" });
    this.hears = (message) => this.hear(message);
    model.on("msg:custom", this.hears);
    this.sized = new ResizeObserver(() => this.fit());
    this.sized.observe(this.root);
  }

  end() {
    this.model.off("msg:custom", this.hears);
    this.sized.disconnect();
    clearTimeout(this.rest);
    this.send({ kind: "leave" });
  }

  send(message) {
    this.model.send({ ...message, view: this.view });
  }

  // what stands on the page

  build(el) {
    this.search = make("input", {
      type: "search",
      ariaLabel: "Search",
      placeholder: "Search: words, gpu>0, type:spark, -legacy, OR",
      spellcheck: false,
      autocomplete: "off",
      oninput: () => this.filter(() => (this.state.query = this.search.value)),
      onkeydown: onKey("ArrowDown", (event) => this.enterGrid(event)),
    });
    this.count = make("span.count", { role: "status" });
    this.waits = make("span.wait", { hidden: true }, "waiting for the kernel …");
    this.progress = make("span.wait", { hidden: true });
    this.stop = button("Stop", () => this.send({ kind: "cancel" }), { hidden: true });
    this.grouped = make("input", {
      type: "checkbox",
      onchange: () => this.filter(() => (this.state.grouped = this.grouped.checked)),
    });
    const byName = make("label", {}, this.grouped, " by name");
    this.menuButton = button("Columns", () => this.toggleMenu(), { ariaExpanded: "false" });
    this.copy = button("Copy as code", () => this.line.ask("code", { kind: "code", ...this.asked() }));
    this.problem = make("div.problem", { role: "alert", hidden: true });
    this.menu = make("div.menu", {
      role: "group",
      ariaLabel: "Columns",
      hidden: true,
      onkeydown: onKey("Escape", () => this.toggleMenu()),
    });
    this.code = make("div.menu", { hidden: true });
    this.chips = make("div.chips");
    this.facets = make("div.facets");
    this.filters = make("details.filters", { open: true }, make("summary", {}, "Filters"), this.facets);
    this.header = make("div.header", { role: "row", ariaRowIndex: 1 });
    this.layer = make("div.layer", { role: "rowgroup" });
    this.space = make("div.space", { role: "presentation" }, this.layer);
    const heads = make("div.heads", { role: "rowgroup" }, this.header);
    const [onkeydown, onclick] = [(event) => this.pressed(event), (event) => this.clicked(event)];
    this.grid = make("div.grid", { ariaLabel: "Tasks", ariaMultiSelectable: "true", onkeydown, onclick }, heads, this.space);
    this.grid.addEventListener("focusin", ({ target }) => {
      if (target !== this.grid) this.active = { row: target.parentNode.index, column: target.column };
    });
    this.header.index = -1;
    this.scroller = make("div.scroll", { onscroll: () => this.scrolled() }, this.grid);
    const leaves = onKey("Escape", (event) => this.enterGrid(event));
    this.side = make("div.side", { role: "region", ariaLabel: "Card", tabIndex: 0, onkeydown: leaves });
    const body = make("div.body", {}, this.filters, this.scroller, this.side);
    this.root = make(
      "div",
      { className: "ftn-x", role: "group", ariaLabel: "Explorer of tasks" },
      make("div.top", {}, this.search, this.count, this.waits, this.progress, this.stop, byName, this.menuButton, this.copy),
      this.problem,
      this.menu,
      this.code,
      this.chips,
      body,
    );
    // JupyterLab takes keys for moves between cells, unless the control itself is marked.
    this.root.addEventListener("focusin", ({ target }) => {
      if (!target.matches(":read-write")) target.dataset.lmSuppressShortcuts = "true";
    });
    el.append(this.root);
  }

  // In a narrow place the rows come first.
  fit() {
    const isWide = this.root.clientWidth > NARROW;
    if (isWide !== this.isWide) this.filters.open = this.isWide = isWide;
    this.scrolled();
  }

  take(state) {
    this.titles = new Map(state.all);
    this.state = { ...state };
    if (this.search.value !== state.query) this.search.value = state.query;
    this.grouped.checked = state.grouped;
    this.showChips();
  }

  asked() {
    const { all, ...asked } = this.state;
    return asked;
  }

  look(part) {
    const asked = this.asked();
    const room = this.room();
    const first = this.firstRow();
    const start = Math.max(0, first - room);
    const count = first - start + 2 * room;
    this.line.ask(part, { kind: "look", ...asked, start, count, parts: [part], key: JSON.stringify(asked) });
  }

  // There may be other rows.
  refresh() {
    this.facetsAreOld = true;
    this.look("rows");
  }

  filter(change) {
    change();
    if (!this.state.grouped) this.state.opened = [];
    this.scroller.scrollTop = 0;
    if (this.active.row > 0) this.active.row = 0;
    this.showChips();
    this.refresh();
  }

  sortBy(column, adds) {
    const { sort } = this.state;
    const at = sort.findIndex(([name]) => name === column);
    const now = at < 0 ? [[column, false]] : sort[at][1] ? [] : [[column, true]];
    // A column that is turned round keeps its rank.
    this.state.sort = !adds ? now : at < 0 ? [...sort, ...now] : sort.toSpliced(at, 1, ...now);
    this.scroller.scrollTop = 0;
    this.look("rows");
  }

  put(kind, column, value) {
    const now = { ...this.state[kind], [column]: value };
    if (!value) delete now[column];
    this.filter(() => (this.state[kind] = now));
  }

  choose(column, values = []) {
    this.put("chosen", column, values.length && values);
  }

  tick(column, value, isChosen) {
    const others = (this.state.chosen[column] ?? []).filter((each) => each !== value);
    this.choose(column, isChosen ? [...others, value] : others);
  }

  limit(column, low = null, high = null) {
    this.put("ranges", column, (low !== null || high !== null) && [low, high]);
  }

  openGroup({ key, open }) {
    const { opened } = this.state;
    this.state.opened = open ? opened.filter((each) => each !== key) : [...opened, key];
    this.look("rows");
  }

  hear(message) {
    if (message.view && message.view !== this.view) return;
    const asked = message.view && this.line.answered(message.serial);
    if (message.kind === "error") this.showProblem(message.message);
    else if (asked && !message.state) this.hearAnswer(message, asked);
    else {
      // Another cell has set something, or there is more; what was typed meanwhile counts.
      if (message.state && !(asked && this.line.waiting.rows)) this.take(message.state);
      this.refresh();
    }
    // Counts are asked for when nobody waits for rows.
    if (this.facetsAreOld && !this.line.underway && !this.line.waiting.rows) {
      this.facetsAreOld = false;
      this.look("facets");
    }
    this.line.next();
  }

  hearAnswer(message, asked) {
    if (message.kind === "side") this.showSide(message, asked);
    else if (message.kind === "code") this.showCode(message.text);
    else if (asked.key && asked.key !== JSON.stringify(this.asked())) return; // another view is asked for by now
    else if (message.facets) this.showFacets(message);
    else this.showPage(message);
  }

  showWaiting(waits) {
    this.waits.hidden = !waits;
    this.grid.ariaBusy = waits;
  }

  showProblem(text = "") {
    this.problem.hidden = !text;
    setText(this.problem, text);
    this.search.ariaInvalid = text ? "true" : null;
  }

  showProgress(progress) {
    if (!progress && focused(this.stop)) this.search.focus();
    this.progress.hidden = this.stop.hidden = !progress;
    setText(this.progress, progress);
  }

  showCount(selected) {
    const { matched, total, noun } = this.page;
    const words = `${number(matched)} of ${number(total)} ${noun}`;
    setText(this.count, selected ? `${words} · ${number(selected)} selected` : words);
  }

  showPage(page) {
    this.showProblem(page.problem?.message);
    this.showProgress(page.progress ?? "");
    // A search that cannot be read leaves the rows as they are.
    if (page.problem) return;
    this.page = page;
    this.layOut();
    if (page.chosen) this.state.columns = page.columns.map(({ name }) => name);
    if (!this.menu.hidden) this.showMenu();
    this.showCount(page.selected);
    this.active.row = Math.min(this.active.row, Math.max(0, page.lines - 1));
    this.space.style.height = `${Math.min(page.lines * ROW, TALLEST)}px`;
    this.grid.role = this.state.grouped ? "treegrid" : "grid";
    this.grid.ariaRowCount = page.lines + 1;
    this.scrolled();
    if (this.enters || !this.isBeside()) this.restOnRow();
  }

  // the grid

  get tall() {
    return this.scroller.clientHeight - ROW;
  }

  room() {
    return Math.max(5, Math.ceil(this.tall / ROW));
  }

  // Where a browser scrolls no further, a pixel is several.
  scale() {
    const whole = this.page.lines * ROW;
    return whole > TALLEST ? (whole - this.tall) / (TALLEST - this.tall) : 1;
  }

  firstRow() {
    return Math.max(0, Math.min(Math.floor((this.scroller.scrollTop * this.scale()) / ROW), this.page.lines - 1));
  }

  layOut() {
    const { columns } = this.page;
    this.grid.style.setProperty("--x-columns", columns.map(({ width }) => `minmax(${width}px, ${width}fr)`).join(" "));
    this.grid.style.minWidth = `${columns.reduce((sum, { width }) => sum + width, 0)}px`;
    this.grid.ariaColCount = columns.length;
    this.active.column = Math.min(this.active.column, columns.length - 1);
  }

  newCell(row, column, properties, ...children) {
    const className = this.page.columns[column].numeric ? "ftn-x-number" : "";
    const tabIndex = row === this.active.row && column === this.active.column ? 0 : -1;
    return make("div", { className, column, ariaColIndex: column + 1, tabIndex, ...properties }, ...children);
  }

  newHead({ name, title }, column) {
    const { sort } = this.state;
    const rank = sort.findIndex(([each]) => each === name);
    const descends = sort[rank]?.[1];
    const order = rank < 0 ? "" : `${descends ? "▼" : "▲"}${sort.length > 1 ? rank + 1 : ""}`;
    const ariaSort = rank < 0 ? null : descends ? "descending" : "ascending";
    const named = { role: "columnheader", title: `${title}: sort; with Shift, by it too`, ariaSort };
    return this.newCell(-1, column, named, make("span", {}, title), sign("order", order));
  }

  // Gives a row; the one that stands there, where it would be the same.
  newRow(index) {
    const { columns } = this.page;
    const data = this.data(index);
    const [kind, , isSelected, group, ...texts] = data || ["waiting", 0, 0, null, "…"];
    const isCurrent = index === this.active.row;
    const shows = [data, columns, isSelected, isCurrent && this.active.column];
    const old = this.rowAt(index);
    if (old && shows.every((each, place) => each === old.shows[place])) return old;
    const cells = columns.map((_, column) => {
      const text = texts[column] ?? "";
      const name = [
        sign("mark"),
        sign("twist"),
        make("span.value", {}, text),
        make("span.n", {}, group ? number(group.count) : ""),
      ];
      return this.newCell(index, column, { role: "gridcell", title: text.length > 10 ? text : "" }, ...(column ? [text] : name));
    });
    const properties = {
      role: "row",
      className: `ftn-x-row ftn-x-${kind}${isCurrent ? " ftn-x-current" : ""}`,
      key: index,
      index,
      shows,
      ariaRowIndex: index + 2,
      ariaSelected: Boolean(isSelected),
      ariaLevel: this.state.grouped ? (group ? 1 : 2) : null,
      ariaExpanded: group && group.open,
    };
    return make("div", properties, ...cells);
  }

  paint() {
    const had = focused(this.grid);
    const first = this.firstRow();
    const length = Math.min(this.room() + 1, this.page.lines - first);
    const top = this.scale() === 1 ? first * ROW : this.scroller.scrollTop;
    this.layer.style.transform = `translateY(${top}px)`;
    const shows = JSON.stringify([this.page.columns, this.state.sort, this.active.row < 0 && this.active.column]);
    if (shows !== this.header.shows) match(this.header, this.page.columns.map(this.newHead, this));
    this.header.shows = shows;
    match(this.layer, Array.from({ length }, (_, place) => this.newRow(first + place)));
    // Tab reaches the cursor's cell, or the grid while that is out of sight.
    this.grid.tabIndex = this.cell() ? -1 : 0;
    if (had && had !== this.cell()) this.focus();
  }

  data(index) {
    return this.page.rows[index - this.page.start];
  }

  rowAt(index) {
    return index < 0 ? this.header : [...this.layer.children].find((row) => row.index === index);
  }

  cell() {
    return this.rowAt(this.active.row)?.children[this.active.column];
  }

  focus() {
    (this.cell() ?? this.grid).focus({ preventScroll: true });
  }

  enterGrid(event) {
    event.preventDefault();
    this.moveTo(this.active.row, this.active.column);
  }

  scrolled() {
    this.paint();
    const { start, rows, lines } = this.page;
    const room = this.room();
    const near = room / 2;
    const first = this.firstRow();
    const end = start + rows.length;
    if ((start > 0 && first < start + near) || (end < lines && first + room + near > end)) this.look("rows");
  }

  bringIntoView() {
    const { row } = this.active;
    const { scroller } = this;
    if (row >= 0) {
      const last = ((row + 1) * ROW - this.tall) / this.scale();
      scroller.scrollTop = Math.max(Math.min(scroller.scrollTop, (row * ROW) / this.scale()), Math.ceil(last));
    }
    this.scrolled();
    const cell = this.cell();
    if (!cell?.column) return;
    const right = cell.offsetLeft + cell.offsetWidth - scroller.clientWidth;
    const left = cell.offsetLeft - this.header.firstChild.offsetWidth;
    scroller.scrollLeft = Math.min(Math.max(scroller.scrollLeft, right), left);
  }

  moveTo(row, column) {
    const { lines, columns } = this.page;
    this.enters = false;
    this.active = {
      row: Math.max(-1, Math.min(row, lines - 1)),
      column: Math.max(0, Math.min(column, columns.length - 1)),
    };
    this.bringIntoView();
    this.focus();
    this.restOnRow();
  }

  pressed(event) {
    const { row, column } = this.active;
    const isControl = holdsControl(event);
    const line = this.data(row);
    const isName = column === 0 && this.state.grouped && line;
    const group = isName && line[3];
    const last = { row: this.page.lines - 1, column: this.page.columns.length - 1 };
    const room = this.room() - 1;
    const go = (to, at = column) => this.moveTo(to, at);
    const fold = () => this.openGroup(group);
    const sort = () => this.sortBy(this.page.columns[column].name, event.shiftKey);
    const action = {
      ArrowDown: () => go(row + 1),
      ArrowUp: () => go(row - 1),
      ArrowRight: () => (group && !group.open ? fold() : go(row, column + 1)),
      ArrowLeft: () => (group?.open ? fold() : isName && !group ? go(this.groupOf(row)) : go(row, column - 1)),
      Home: () => go(isControl ? 0 : row, 0),
      End: () => go(isControl ? last.row : row, last.column),
      PageDown: () => go(Math.max(row, 0) + room),
      PageUp: () => go(Math.max(row - room, 0)),
      Enter: () => (row < 0 ? sort() : group ? fold() : this.enter()),
      " ": () => (row < 0 ? sort() : this.select(row, event.shiftKey ? "to" : "toggle")),
      Escape: () => this.select(row, "none"),
      a: isControl && (() => this.select(row, "all")),
    }[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  groupOf(row) {
    let above = row;
    while (above > this.page.start && !this.data(above)?.[3]) above -= 1;
    return above;
  }

  clicked(event) {
    const cell = event.target.closest("[role=gridcell], [role=columnheader]");
    if (!cell) return;
    const row = cell.parentNode.index;
    const { classList } = event.target;
    this.moveTo(row, cell.column);
    const group = this.data(row)?.[3];
    if (row < 0) this.sortBy(this.page.columns[cell.column].name, event.shiftKey);
    else if (group && classList.contains("ftn-x-twist")) this.openGroup(group);
    else if (event.shiftKey) this.select(row, "to");
    else if (holdsControl(event) || classList.contains("ftn-x-mark")) this.select(row, "toggle");
  }

  // selection and card

  // The page follows at once; no step gets lost behind a request.
  select(row, mode) {
    if (row >= this.page.lines && (mode === "to" || mode === "toggle")) return;
    this.enters = false;
    const step = { mode, row, from: mode === "to" ? this.anchor : row };
    if (mode === "toggle") this.anchor = row;
    const [low, high] = [step.from, row].sort((a, b) => a - b);
    this.page.rows.forEach((data, place) => {
      const index = this.page.start + place;
      if (mode === "none" || mode === "all") data[2] = mode === "all";
      else if (index >= low && index <= high) data[2] = mode === "to" || !data[2];
    });
    this.paint();
    this.line.ask("side", { kind: "select", ...this.asked(), steps: [...(this.line.waiting.side?.steps ?? []), step] });
  }

  restOnRow() {
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.open(), REST);
  }

  // Puts the focus into the row's card or the comparison, once it is there.
  enter() {
    this.enters = this.page.lines > 0;
    this.open();
  }

  open() {
    clearTimeout(this.rest);
    const line = this.data(this.active.row);
    if (!line || this.line.waiting.side?.steps) return;
    if (this.isBeside()) this.showEntered();
    else this.line.ask("side", { kind: "open", position: line[1] });
  }

  isBeside() {
    return this.compares || this.data(this.active.row)?.[1] === this.shown;
  }

  showEntered() {
    if (!this.enters || !this.isBeside()) return;
    this.enters = false;
    if (focused(this.grid)) this.side.focus();
  }

  showSide({ html, title, position, compares, more, selected }, asked) {
    if (selected !== undefined) {
      this.showCount(selected);
      this.look("rows");
    }
    if (this.compares && !compares && !html) {
      this.compares = false;
      this.shown = null;
      this.restOnRow();
    }
    if (!html) return;
    // The views escape and mask all that comes from a task.
    if (asked.kind === "more") {
      if (asked.position === this.shown) this.side.children[1].innerHTML = html;
      return this.scrollByKeys();
    }
    // It stands there already, where it was asked for twice.
    if (asked.kind === "open" && compares === this.compares && (compares || position === this.shown)) return this.showEntered();
    const had = focused(this.side);
    this.compares = compares;
    this.shown = position;
    this.root.classList.toggle("ftn-x-compares", compares);
    this.side.ariaLabel = title;
    this.side.replaceChildren(...html.map((innerHTML) => make("div", { innerHTML })));
    this.scrollByKeys();
    this.side.scrollTop = 0;
    if (had) this.side.focus();
    this.showEntered();
    if (more) this.line.ask("more", { kind: "more", position });
  }

  scrollByKeys() {
    for (const wide of this.side.querySelectorAll(".ftn-wide")) wide.tabIndex = 0;
  }

  // filters

  showChips() {
    const { chosen, ranges } = this.state;
    const chip = (kind, column, text, clear) => {
      const words = `${this.titles.get(column) ?? column}: ${text}`;
      return button(`${words} ✕`, clear, { ariaLabel: `Remove filter ${words}`, key: `${kind} ${column}` });
    };
    const range = (column, bounds) => {
      const histogram = this.counts?.histograms.find((each) => each.column === column);
      return histogram ? this.ends(histogram, bounds)[2] : bounds.map(written).join(" – ");
    };
    const nodes = [
      ...Object.entries(chosen).map(([column, values]) => chip("is", column, values.map(written).join(", "), () => this.choose(column))),
      ...Object.entries(ranges).map(([column, bounds]) => chip("in", column, range(column, bounds), () => this.limit(column))),
    ];
    const clear = () => Object.assign(this.state, { chosen: {}, ranges: {} });
    if (nodes.length > 1) nodes.push(button("Clear all", () => this.filter(clear), { key: "clear" }));
    refill(this.chips, nodes);
  }

  showFacets(counts = this.counts) {
    this.counts = counts;
    const facets = counts.facets.map((facet, place) => this.facet(facet, place < 4));
    refill(this.facets, [...facets, ...counts.histograms.map(this.histogram, this)]);
    this.showChips();
  }

  section(key, title, heading, isOpen, nodes, clear) {
    if (clear) nodes.push(button("clear", clear, { ariaLabel: `Clear ${title}`, key: "clear" }));
    const open = this.folds[key] ?? isOpen;
    // A node that is only compared tells of its opening, too.
    const ontoggle = ({ target }) => target.isConnected && (this.folds[key] = target.open);
    const summary = make("summary", {}, `${title} `, make("span", {}, heading));
    return make("details", { key, open, ontoggle }, summary, make("div", { role: "group", ariaLabel: title }, ...nodes));
  }

  facet({ column, title, values, others, pending }, isOpen) {
    const chosen = this.state.chosen[column] ?? [];
    const nodes = values.map(([value, count]) => {
      const text = written(value);
      const onchange = ({ target }) => this.tick(column, value, target.checked);
      const label = make(
        "label",
        { title: text },
        make("input", { type: "checkbox", checked: chosen.includes(value), onchange }),
        make("span.value", {}, text),
        make("span.n", {}, number(count)),
      );
      const only = button("only", () => this.choose(column, [value]), { ariaLabel: `Only ${title} ${text}` });
      return make("div.choice", { key: JSON.stringify(value) }, label, only);
    });
    if (others) nodes.push(note(`${number(others)} with other values`));
    if (pending) nodes.push(note("more is being computed …"));
    const heading = chosen.length ? `${chosen.length} chosen` : pending ? "…" : "";
    return this.section(column, title, heading, isOpen, nodes, chosen.length && (() => this.choose(column)));
  }

  // Gives the edges of bins between which a range lies, and how that reads.
  ends({ edges, labels }, [low, high]) {
    const place = (value) => {
      const at = edges.findIndex((edge) => edge >= value * (1 - 1e-9));
      return at < 0 ? edges.length - 1 : at;
    };
    const places = [place(low ?? -Infinity), place(high ?? Infinity)];
    return [...places, places.map((at) => labels[at]).join(" – ")];
  }

  histogram(histogram) {
    const { column, title, edges, labels, counts, all, missing } = histogram;
    const bins = counts.length;
    const [from, to, words] = this.ends(histogram, this.drawn?.[column] ?? this.state.ranges[column] ?? []);
    const bounds = (start, end) => [start ? edges[start] : null, end < bins ? edges[end] : null];
    // Roots, for what is rare is to be seen.
    const height = (count) => count && Math.max(8, 100 * Math.sqrt(count / Math.max(...all)));
    const bar = (name, count) => make(name, { style: `height:${height(count)}%` });
    const bars = counts.map((count, at) => {
      const text = `${labels[at]} – ${labels[at + 1]}: ${number(count)} of ${number(all[at])}`;
      const className = at < from || at >= to ? "ftn-x-out" : "";
      return make("span", { title: text, className }, bar("i", all[at]), bar("b", count));
    });
    // Drawn over with the mouse, from bar to bar.
    const draw = ({ clientX, currentTarget }) => {
      const { left, width } = currentTarget.getBoundingClientRect();
      const under = Math.max(0, Math.min(bins - 1, Math.floor(((clientX - left) / width) * bins)));
      const start = this.drawn?.start ?? under;
      this.drawn = { start, [column]: bounds(Math.min(start, under), Math.max(start, under) + 1) };
      this.showFacets();
    };
    const onpointerdown = (event) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      draw(event);
    };
    const onpointermove = (event) => event.buttons && this.drawn && draw(event);
    const onlostpointercapture = () => {
      const range = this.drawn[column];
      this.drawn = null;
      this.limit(column, ...range);
    };
    const chart = make("div.bars", { ariaHidden: "true", onpointerdown, onpointermove, onlostpointercapture }, ...bars);
    const handle = (end, value, bounded) => {
      const oninput = ({ target }) => {
        this.limit(column, ...bounds(...bounded(Number(target.value))));
        this.showFacets();
      };
      const ariaValueText = labels[value];
      return make("input", { type: "range", min: 0, max: bins, value, ariaLabel: `${title} ${end}`, ariaValueText, oninput });
    };
    const handles = [
      handle("from", from, (value) => [Math.min(value, to - 1), to]),
      handle("to", to, (value) => [from, Math.max(value, from + 1)]),
    ];
    const nodes = [chart, make("div.handles", {}, ...handles)];
    if (missing) nodes.push(note(`${number(missing)} without`));
    return this.section(`# ${column}`, title, words, true, nodes, this.state.ranges[column] && (() => this.limit(column)));
  }

  // columns, and code

  toggleMenu() {
    const isOpen = this.menu.hidden;
    this.menu.hidden = !isOpen;
    this.menuButton.ariaExpanded = isOpen;
    if (isOpen) this.showMenu();
    (isOpen ? this.menu.querySelector("button") : this.menuButton).focus();
  }

  showMenu() {
    const names = this.state.columns ?? this.page.columns.map(({ name }) => name);
    const change = (columns) => {
      this.state.columns = columns;
      this.showMenu();
      this.look("rows");
    };
    const others = [...this.titles.keys()].filter((name) => !names.includes(name));
    const items = [...names, ...others].map((name, place) => {
      const title = this.titles.get(name) ?? name;
      const checked = place < names.length;
      const onchange = () => change(checked ? names.filter((each) => each !== name) : [...names, name]);
      const box = make("input", { type: "checkbox", checked, disabled: !place, onchange });
      const item = make("label", {}, box, make("span.value", {}, title));
      const mover = (text, to, words) =>
        button(text, () => change(names.toSpliced(place, 1).toSpliced(to, 0, name)), { ariaLabel: `Move ${title} ${words}`, key: text });
      const movers = checked && place ? [mover("↑", Math.max(1, place - 1), "up"), mover("↓", place + 1, "down")] : [];
      return make("div.choice", { key: name }, item, ...movers);
    });
    const tools = [
      button("Only what differs", () => this.line.ask("rows", { kind: "differing", ...this.asked() })),
      button("As at the start", () => change(null)),
      button("Close", () => this.toggleMenu()),
    ];
    refill(this.menu, [make("div.tools", {}, ...tools), make("div.items", {}, ...items)]);
  }

  async showCode(value) {
    const box = make("textarea", { readOnly: true, rows: value.split("\n").length, value, ariaLabel: "Code that makes the same set" });
    const status = make("span", { role: "status" });
    const close = button("Close", () => {
      this.code.hidden = true;
      this.copy.focus();
    });
    this.code.replaceChildren(box, close, " ", status);
    this.code.hidden = false;
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      // Pages that are not served safely have no clipboard.
      box.select();
      document.execCommand("copy");
    }
    status.textContent = "copied";
  }
}

export default {
  render({ model, el }) {
    const explorer = new Explorer(model, el);
    return () => explorer.end();
  },
};
