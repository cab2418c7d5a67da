// Audit records as a list that people can read, each opening to its whole line.
import { el } from "./dom.js";
import { decision, typedOf, verdict } from "./ledger.js";

/** Return the node of one record. */
export function recordNode(record, open = false) {
  const { tone, sign, word } = verdict(record);
  const ruled = decision(record);
  return el("details", { class: `record ${tone}`, open, data: { user: record.user, command: record.command, result: word } },
    el("summary", {},
      el("span", { class: "sign", "aria-hidden": "true" }, sign),
      el("span", { class: "what" }, el("b", {}, record.user), " ", el("code", {}, typedOf(record)),
        el("small", {}, `${word} · ${record.platform} · ${record.timestamp.slice(11, 19)} UTC`))),
    ruled && decisionNode(ruled),
    record.detail ? el("p", { class: "detail" }, record.detail) : null,
    json(record));
}

/** Return the node of a decision: allowed or refused, by which rule. */
export function decisionNode(ruled) {
  return el("p", { class: `decision ${ruled.allowed ? "ok" : "bad"}` },
    el("span", { class: "sign", "aria-hidden": "true" }, ruled.allowed ? "✓" : "✕"),
    el("span", {}, el("b", {}, ruled.allowed ? "Allowed" : "Refused"), reason(ruled),
      ruled.policy ? el("small", {}, `policy ${ruled.policy}`) : null));
}

const reason = ({ rule }) => (!rule || rule === "no rule" ? [": no rule allows it"] : [" by ", el("code", {}, rule)]);

/** Return JSON as coloured text. */
export function json(value) {
  const pre = el("pre", { class: "json", tabindex: "0" });
  const text = JSON.stringify(value, null, 2);
  for (const part of text.split(/("(?:\\.|[^"\\])*"(?:\s*:)?|\b(?:true|false|null)\b|-?\b\d+(?:\.\d+)?\b)/)) {
    const kind = /^".*":$/s.test(part) ? "key" : part.startsWith('"') ? "string" : /^(true|false|null|-?\d)/.test(part) ? "plain-value" : "";
    pre.append(kind ? el("span", { class: kind }, part) : part);
  }
  return pre;
}
