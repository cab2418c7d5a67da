// Short notes over the page; alerts stay until they are read.
import { at, el } from "./dom.js";

const SIGNS = { ok: "✓", warn: "!", bad: "✕", info: "i" };
const STAY = 4500;

/** Show a note; one with `stays` waits for its OK button. */
export function toast({ tone = "info", title, text = "", stays = false }) {
  const close = () => node.remove();
  const node = el("div", { class: `toast ${tone}` },
    el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[tone]),
    el("div", { class: "said" }, el("strong", {}, title), text && el("p", {}, text)),
    el("button", { type: "button", class: "plain", onclick: close, "aria-label": "Close this note" },
      stays ? "OK" : "✕"));
  at("toasts").append(node);
  while (at("toasts").children.length > 4) at("toasts").firstElementChild.remove();
  if (!stays) setTimeout(close, STAY);
}
