// What a panel needs of its page beside its controls: its stylesheet, which comes with this file's widget, and the keys
// that are pressed in it. JupyterLab takes the arrow keys and Enter of whatever is no text field for moves between
// cells, unless the control itself is marked.
const MARK = "data-lm-suppress-shortcuts";
const LONGEST_WAIT = 100;

// ipywidgets names lists and fields by a label, but no slider's handle and no text that is shown beside one.
function name(panel) {
  for (const control of panel.querySelectorAll("[role=slider], [role=spinbutton], select, textarea, input")) {
    if (control.hasAttribute("aria-label") || (control.labels && control.labels.length)) continue;
    const box = control.closest(".widget-inline-hbox, .widget-inline-vbox, .widget-upload");
    const label = box && box.querySelector("label, .widget-label");
    const text = label && label.textContent.trim();
    if (!text) continue;
    const handles = [...box.querySelectorAll("[role=slider]")];
    const end = handles.length > 1 ? [", from", ", to"][handles.indexOf(control)] || "" : "";
    control.setAttribute("aria-label", `${text}${end}`);
  }
  for (const group of panel.querySelectorAll(".ftn-group:not([role])")) {
    const heading = group.querySelector("[role=heading]");
    if (heading === null) continue;
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", heading.textContent);
  }
}

function render({ el }) {
  el.style.display = "none";
  let frames = 0;
  const watch = () => {
    const panel = el.closest(".widget-vbox");
    if (panel === null) {
      if (++frames < LONGEST_WAIT) requestAnimationFrame(watch);
      return;
    }
    // On the way down: fields keep their keys to themselves.
    const leave = (event) => {
      const list = panel.querySelector(".ftn-found select");
      if (event.key !== "ArrowDown" || !event.target.closest(".ftn-search") || list === null) return;
      list.focus();
      event.preventDefault();
      event.stopPropagation();
    };
    panel.addEventListener("keydown", leave, true);
    name(panel);
    new MutationObserver(() => name(panel)).observe(panel, { childList: true, subtree: true });
    panel.addEventListener("focusin", ({ target }) => {
      if (!target.matches(":read-write")) target.setAttribute(MARK, "true");
    });
  };
  watch();
}
export default { render };
