// A text that can be read, selected and copied. Nothing in it is ever taken for markup.
function render({ model, el }) {
  el.classList.add("ftn-copy");
  const label = document.createElement("label");
  const title = document.createElement("span");
  const text = document.createElement("textarea");
  text.readOnly = true;
  text.rows = 16;
  text.spellcheck = false;
  label.append(title, text);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  const status = document.createElement("span");
  status.setAttribute("role", "status");
  el.append(button, status, label);

  const show = () => {
    title.textContent = model.get("label");
    text.value = model.get("text");
    status.textContent = "";
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      // Pages that are not served safely have no clipboard of their own.
      text.select();
      document.execCommand("copy");
    }
    status.textContent = " copied";
  };
  button.addEventListener("click", copy);
  model.on("change:text", show);
  model.on("change:label", show);
  show();
  return () => {
    model.off("change:text", show);
    model.off("change:label", show);
  };
}
export default { render };
