// Builds nodes. Text always becomes a text node, so foreign text can never become markup.
import { drawn } from "./signs.js";

/** Return an element; keys are attributes, `on*` listeners, `style` custom properties, `data` a dataset. */
export function el(tag, keys = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(keys ?? {})) set(node, key, value);
  return fill(node, children);
}

/** Append children: nodes as they are, everything else as text; nothing for null and false. */
export function fill(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    if (child instanceof Node) node.append(child);
    else node.append(...drawn(String(child)));
  }
  return node;
}

/** Replace everything inside a node. */
export function refill(node, ...children) {
  node.replaceChildren();
  return fill(node, children);
}

/** Return the element with an id of the page's skeleton. */
export const at = (id) => document.getElementById(id);

/** Bring a list of keyed nodes into place; what did not change keeps its node, focus and scroll. */
export function reconcile(parent, wanted) {
  const focused = document.activeElement?.dataset?.focus;
  const inside = parent.contains(document.activeElement);
  const kept = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let place = parent.firstElementChild;
  for (const { key, mark, build } of wanted) {
    let node = kept.get(key);
    if (!node || node.dataset.mark !== mark) {
      const fresh = build();
      fresh.dataset.key = key;
      fresh.dataset.mark = mark;
      if (node) { if (node === place) place = fresh; node.replaceWith(fresh); }
      node = fresh;
    }
    kept.delete(key);
    if (node !== place) parent.insertBefore(node, place);
    else place = place.nextElementSibling;
  }
  for (const node of kept.values()) node.remove();
  if (inside && focused && !parent.contains(document.activeElement)) {
    parent.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }
}

/** Do something to a scrolled box, and stay at its end if that is where the reader was. */
export function stickToEnd(box, act) {
  const near = box.scrollHeight - box.scrollTop - box.clientHeight < 120;
  act();
  if (near) box.scrollTop = box.scrollHeight;
}

/** Stay at the end of a scrolled box when a picture in it arrives and takes its room. */
export function keepEndInSight(box) {
  box.addEventListener("load", (event) => {
    const before = box.scrollHeight - event.target.offsetHeight;
    if (before - box.scrollTop - box.clientHeight < 120) box.scrollTop = box.scrollHeight;
  }, true);
}

/** Return whether an address may become a link. */
export function isWeb(address) {
  try {
    return ["http:", "https:"].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

/** Return a link that opens elsewhere, or plain text when the address is none. */
export function link(address, ...children) {
  if (!isWeb(address)) return el("span", {}, ...children);
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

function set(node, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
  else if (key === "data") Object.assign(node.dataset, value);
  else if (key === "style") for (const [name, v] of Object.entries(value)) node.style.setProperty(name, v);
  else node.setAttribute(key, value === true ? "" : value);
}
