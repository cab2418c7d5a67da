// A form that the bot opened: text, choices and boxes by their labels, sent as a client sends them.
import { choices } from "./components.js";
import { at, el, refill } from "./dom.js";
import { markdown } from "./markdown.js";

const TEXT_INPUT = 4, RADIO = 21, CHECK_GROUP = 22, CHECKBOX = 23;

/** Show a form; `send(values)` gets the answers by custom id and returns what came of it. */
export function openForm(modal, send) {
  const dialog = at("form"), fields = [];
  const submit = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(fields.map((each) => [each.id, each.value()]));
    if (await send(values)) dialog.close();
  };
  refill(dialog, el("form", { onsubmit: submit },
    el("h2", {}, modal.title),
    modal.components.map((part) => drawPart(part, fields)),
    el("div", { class: "row end" },
      el("button", { type: "button", class: "button secondary", onclick: () => dialog.close() }, "Cancel"),
      el("button", { type: "submit", class: "button primary" }, "Submit"))));
  dialog.showModal();
  dialog.querySelector("input, textarea, select")?.focus();
}

function drawPart(part, fields) {
  if (part.type === 10) return el("div", { class: "text" }, markdown(part.content));
  const field = part.component ?? part.components[0];
  const label = part.label ?? field.label ?? field.custom_id;
  const required = field.required ?? field.type !== CHECKBOX;
  const input = inputFor(field, required);
  fields.push({ id: field.custom_id, value: input.value });
  const said = el("span", { class: "label" }, label, required ? el("span", { class: "needed" }, " required") : null);
  const hint = part.description ? el("small", {}, part.description) : null;
  return input.isGroup
    ? el("fieldset", {}, el("legend", {}, said), hint, input.node)
    : el("label", { class: "field" }, said, hint, input.node);
}

function inputFor(field, required) {
  if (field.type === TEXT_INPUT) return textInput(field, required);
  if (field.type === CHECKBOX) {
    const node = el("input", { type: "checkbox", checked: field.default });
    return { node, value: () => node.checked };
  }
  if (field.type === RADIO || field.type === CHECK_GROUP) return group(field, required);
  return menu(field, required);
}

function textInput(field, required) {
  const keys = { required, minlength: field.min_length || null, maxlength: field.max_length, placeholder: field.placeholder ?? "", name: field.custom_id };
  const node = el(field.style === 2 ? "textarea" : "input", field.style === 2 ? { ...keys, rows: 4 } : { ...keys, type: "text" });
  node.value = field.value ?? "";
  return { node, value: () => node.value };
}

function group(field, required) {
  const kind = field.type === RADIO ? "radio" : "checkbox";
  const boxes = (field.options ?? []).map((each) => el("input", {
    type: kind, name: field.custom_id, value: each.value, checked: each.default, required: required && kind === "radio",
  }));
  const node = el("div", { class: "choices" }, boxes.map((box, place) => el("label", {}, box, " ", field.options[place].label)));
  return { node, isGroup: true, value: () => boxes.filter((box) => box.checked).map((box) => box.value) };
}

function menu(field, required) {
  const many = (field.max_values ?? 1) > 1;
  const node = el("select", { multiple: many, required },
    choices(field).map((each) => el("option", { value: each.value, selected: each.default }, each.label)));
  return { node, value: () => [...node.selectedOptions].map((each) => each.value) };
}
