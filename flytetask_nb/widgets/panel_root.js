// What a panel needs of its page beside its controls: its stylesheet, which comes with this file's widget, and the keys
// that are pressed in it. JupyterLab takes the arrow keys and Enter of whatever is no text field for moves between
// cells, unless the control itself is marked.
const MARK = "data-lm-suppress-shortcuts";
const LONGEST_WAIT = 100;

function render({ el }) {
  el.style.display = "none";
  let frames = 0;
  const watch = () => {
    const panel = el.closest(".widget-vbox");
    if (panel === null) {
      if (++frames < LONGEST_WAIT) requestAnimationFrame(watch);
      return;
    }
    panel.addEventListener("focusin", ({ target }) => {
      if (!target.matches(":read-write")) target.setAttribute(MARK, "true");
    });
  };
  watch();
}
export default { render };
