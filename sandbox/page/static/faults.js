// Switches that break the world, with their state in words, and the cues that make things happen.
import { ask, tell } from "./door.js";
import { at, el, reconcile, refill } from "./dom.js";
import { put, scene, when } from "./scene.js";
import { toast } from "./toast.js";

const STORM = 15;
const SWITCHES = [
  { name: "storm", title: "Discord 429 storm", text: `every call refused for ${STORM} s`, on: STORM, off: 0, state: (f) => f.discord.storm > 0, left: (f) => f.discord.storm },
  { name: "discord", title: "Discord down", text: "503 and no gateway", on: true, off: false, state: (f) => f.discord.down },
  { name: "telegram", title: "Telegram down", text: "502 for every call", on: true, off: false, state: (f) => f.telegram.down },
  { name: "flood", title: "Telegram flood limit", text: `429 for writes, ${STORM} s`, on: STORM, off: 0, state: (f) => f.telegram.flood > 0, left: (f) => f.telegram.flood },
  ...[["github", "GitHub 502"], ["kubernetes", "Kubernetes down"], ["prometheus", "Prometheus down"], ["loki", "Loki down"], ["operations", "Operations down"], ["model", "Model down"]]
    .map(([name, title]) => ({ name, title, text: "every call fails", on: true, off: false, state: (f) => f.systems[name] })),
];
const TROUBLES = [
  ["tests", "Tests", "every suite fails"], ["health", "Health", "every probe of a service fails"], ["figures", "Figures", "requests fail everywhere"],
  ["findings", "Security", "a scan finds something grave"], ["backups", "Backups", "there is no room for one more"],
].map(([name, title, text]) => ({ name, title, text, on: true, off: false, state: (f) => f.troubles[name], words: ["good", "bad"] }));

/** Fetch the switches as they stand. */
export async function refreshFaults() {
  const faults = await ask("faults");
  if (faults) put({ faults });
}

/** Draw the switches. */
export function drawFaults(panel) {
  const faults = scene.faults;
  const lead = { key: "lead", mark: "1", build: () => el("p", { class: "lead" }, "Break something, then watch: cards come late, never twice, and nothing is lost.") };
  const drop = {
    key: "gateway", mark: String(faults?.connections),
    build: () => el("div", { class: "fault" },
      el("span", {}, el("b", {}, "Discord gateway"), el("small", {}, `${faults?.connections ?? 0} connected · cut it without a word; the bot resumes`)),
      el("button", { type: "button", class: "button secondary", onclick: () => flip("gateway", true), data: { fault: "gateway", focus: "fault-gateway" } }, "Drop now")),
  };
  const kill = {
    key: "kill", mark: String(faults?.mortal),
    build: () => el("div", { class: "fault" },
      el("span", {}, el("b", {}, "The bot itself"), el("small", {}, "kill -9, as a power cut; it is started again and goes on")),
      el("button", { type: "button", class: "button secondary", onclick: killBot, data: { fault: "kill", focus: "fault-kill" } }, "Kill now")),
  };
  const news = { key: "news", mark: "1", build: () => el("h3", {}, "What /test, /monitor, /security and /backup find") };
  const rows = (switches) => switches.map((each) => faultRow(each, faults));
  reconcile(panel, [lead, drop, ...(faults?.mortal ? [kill] : []), ...rows(SWITCHES), news, ...rows(TROUBLES)]);
}

function faultRow(fault, faults) {
  const on = Boolean(faults && fault.state(faults));
  const [well, ill] = fault.words ?? ["works", "broken"];
  const left = on && fault.left ? `every call refused, ${Math.ceil(fault.left(faults))} s left` : fault.text;
  return {
    key: fault.name, mark: `${on}${left}`,
    build: () => el("div", { class: `fault ${on ? "on" : ""}` },
      el("span", { id: `fault-${fault.name}` }, el("b", {}, fault.title), el("small", {}, left)),
      el("button", {
        type: "button", class: "switch", role: "switch", "aria-checked": String(on), "aria-labelledby": `fault-${fault.name}`,
        onclick: () => flip(fault.name, on ? fault.off : fault.on), data: { fault: fault.name, focus: `fault-${fault.name}` },
      }, el("span", { class: "knob", "aria-hidden": "true" }), el("span", { class: "word" }, on ? ill : well))),
  };
}

async function killBot() {
  if (await tell("kill", {})) toast({ tone: "warn", title: "The bot was killed", text: "What it was doing goes on once it is back." });
  await refreshFaults();
}

async function flip(name, value) {
  await tell("faults", { [name]: value });
  if (name === "gateway") toast({ tone: "warn", title: "The gateway connection was cut", text: "The bot notices and resumes." });
  await refreshFaults();
}

/** Keep the cues in the head of the page: alert, resolve, pull request; and the bot's lamp. */
export function startCues() {
  const pick = el("select", { id: "cue-service", "aria-label": "Service for the alert" }, scene.cast.services.map((each) => el("option", { value: each }, each)));
  const cue = (name, title, act) => el("button", { type: "button", class: "button secondary", onclick: act, data: { cue: name } }, title);
  refill(at("stagecraft"), pick,
    cue("alert", "🔥 Fire alert", () => alert(pick.value, true)),
    cue("resolve", "✅ Resolve", () => alert(pick.value, false)),
    cue("pull-request", "🔀 Open pull request", pullRequest));
  when(["faults", "live"], drawLamp);
  drawLamp();
}

async function alert(service, firing) {
  const sent = await tell("alert", { service, firing });
  if (sent) report(sent.status, firing ? `Alertmanager notified the bot: ${service} burns CPU` : `Alertmanager says: ${service} is calm`, "See #alerts.");
}

async function pullRequest() {
  const titles = ["Add retries to the gateway", "Bump the base image", "Explain the failure budget", "Cache the discovery file"];
  const sent = await tell("pull-request", { title: titles[Math.floor(Math.random() * titles.length)] });
  if (sent) report(sent.status, "GitHub sent a signed pull request event", "See #prs.");
}

function report(status, title, text) {
  const ok = status < 300;
  toast({ tone: ok ? "ok" : "bad", title: ok ? title : `The bot answered ${status}`, text: ok ? text : "The event was not taken." });
}

function drawLamp() {
  const lamp = at("bot-state");
  const connected = scene.faults?.connections > 0;
  const [tone, text] = !scene.live ? ["bad", "page is offline, trying again"] : connected ? ["ok", "bot connected"] : ["warn", "bot not connected"];
  if (lamp.dataset.tone === tone && lamp.textContent.endsWith(text)) return;
  lamp.dataset.tone = tone;
  refill(lamp, el("span", { class: "sign", "aria-hidden": "true" }, { ok: "●", warn: "◐", bad: "○" }[tone]), " ", text);
}
