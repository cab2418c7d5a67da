// Short notes over the page; an alert stays until it is read or the next one comes.
import { at, el } from "./dom.js";

const SIGNS = { ok: "✓", warn: "!", bad: "✕", info: "i" };
const STAY = 4500;

/** Show a note; one with `stays` waits for its OK button. */
export function toast({ tone = "info", title, text = "", stays = false }) {
  const close = () => node.remove();
  const node = el("div", { class: `toast ${tone} ${stays ? "stays" : ""}` },
    el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[tone]),
    el("div", { class: "said" }, el("strong", {}, title), text && el("p", {}, text)),
    el("button", { type: "button", class: "plain", onclick: close, "aria-label": "Close this note" },
      stays ? "OK" : "✕"));
  if (stays) at("toasts").querySelector(".stays")?.remove();
  at("toasts").append(node);
  while (at("toasts").children.length > 4) at("toasts").firstElementChild.remove();
  if (!stays) setTimeout(close, STAY);
}
