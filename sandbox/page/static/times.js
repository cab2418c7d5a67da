// Times as people read them; relative ones are kept true while the page is open.
import { el } from "./dom.js";

const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const STEPS = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [Infinity, "day", 86400]];
const STYLES = {
  t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" },
  D: { dateStyle: "long" }, f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};

/** Return how long ago or how soon, in words. */
export function relative(seconds, now = Date.now() / 1000) {
  const away = seconds - now;
  const [, unit, size] = STEPS.find(([limit]) => Math.abs(away) < limit);
  return WORDS.format(Math.round(away / size), unit);
}

/** Return the clock time of the day. */
export const clock = (date) => date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** Return a time element for Discord's `<t:seconds:style>`. */
export function stamp(seconds, style = "f") {
  const date = new Date(seconds * 1000);
  const whole = date.toLocaleString("en-GB", STYLES.F);
  const said = style === "R" ? relative(seconds) : date.toLocaleString("en-GB", STYLES[style] ?? STYLES.f);
  const data = style === "R" ? { relative: String(seconds) } : {};
  return el("time", { class: "stamp", datetime: date.toISOString(), title: whole, data }, said);
}

/** Keep every relative time on the page true. */
export function keepTime() {
  setInterval(() => {
    for (const node of document.querySelectorAll("time[data-relative]")) {
      const said = relative(Number(node.dataset.relative));
      if (node.textContent !== said) node.textContent = said;
    }
  }, 1000);
}
