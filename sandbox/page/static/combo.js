// A text field with a list of offers: arrows choose, Enter or Tab takes, Escape closes.
import { el, refill } from "./dom.js";

let serial = 0;
const WAIT = 90;

/**
 * Return a field. `offer(text)` returns items ({value, label, note}); `take(item)` uses one;
 * `enter(text)` runs when Enter is pressed with nothing chosen.
 */
export function combo({ keys = {}, offer, take, enter, eager = true }) {
  const list = el("ul", { class: "offers", role: "listbox", id: `offers-${(serial += 1)}`, hidden: true, "aria-label": "Suggestions" });
  const input = el("input", {
    type: "text", autocomplete: "off", spellcheck: "false", role: "combobox", "aria-autocomplete": "list",
    "aria-expanded": "false", "aria-controls": list.id, ...keys,
  });
  const node = el("div", { class: "combo" }, list, input);
  const state = { items: [], active: -1, asked: 0, timer: 0 };

  const close = () => {
    state.items = [];
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (place) => {
    const item = state.items[place];
    close();
    state.asked += 1;
    clearTimeout(state.timer);
    take(item);
  };
  const mark = (place) => {
    state.active = place;
    [...list.children].forEach((each, at) => each.setAttribute("aria-selected", String(at === place)));
    list.children[place]?.scrollIntoView({ block: "nearest" });
    if (place >= 0) input.setAttribute("aria-activedescendant", list.children[place].id);
  };
  const show = (items) => {
    state.items = items;
    if (!items.length) return close();
    refill(list, items.map((item, place) => el("li", {
      role: "option", id: `${list.id}-${place}`, data: { value: item.value },
      onmousedown: (event) => { event.preventDefault(); choose(place); },
    }, el("b", {}, item.label), item.note ? el("small", {}, item.note) : null)));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(eager ? 0 : -1);
  };
  const look = async () => {
    const asked = (state.asked += 1);
    const items = await offer(input.value);
    if (asked === state.asked && document.activeElement === input) show(items);
  };
  const soon = () => {
    state.asked += 1;
    clearTimeout(state.timer);
    state.timer = setTimeout(look, WAIT);
  };
  input.addEventListener("input", soon);
  input.addEventListener("focus", soon);
  input.addEventListener("blur", () => { state.asked += 1; close(); });
  input.addEventListener("keydown", (event) => keyed(event));

  const keyed = (event) => {
    const open = !list.hidden, many = state.items.length;
    if (event.key === "ArrowDown" && open) mark((state.active + 1) % many);
    else if (event.key === "ArrowUp" && open) mark((state.active + many - 1) % many);
    else if (event.key === "Escape" && open) close();
    else if (event.key === "Enter" && !event.isComposing) {
      if (open && state.active >= 0) choose(state.active);
      else { close(); enter(input.value); }
    } else if (event.key === "Tab" && !event.shiftKey && open && state.active >= 0) choose(state.active);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return { node, input, close };
}
