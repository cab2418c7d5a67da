// Backstage: the tour, the inspector, the audit log and the faults, one tab at a time.
import { at, el, reconcile, refill } from "./dom.js";
import { drawFaults } from "./faults.js";
import { behindDiscord, behindTelegram, decision } from "./ledger.js";
import { decisionNode, json, recordNode } from "./records.js";
import { scene, when } from "./scene.js";
import { openTab } from "./tabs.js";
import { drawTour, steps } from "./tour.js";
import { drawWorld } from "./world.js";

const TABS = [["tour", "Try this"], ["inspect", "Inspect"], ["audit", "Audit"], ["world", "World"], ["faults", "Faults"]];

/** Keep the tabs and the open one in place. */
export function startPanel() {
  when(["tab", "audit", "faults", "discord", "telegram", "since"], drawTabs);
  when(["tab"], () => { at("panel").replaceChildren(); at("panel").scrollTop = 0; drawOpen(); });
  when(["audit", "chosen", "faults", "actor", "discord", "telegram", "sawAudit", "since", "world"], drawOpen);
  drawTabs();
  drawOpen();
}

function drawTabs() {
  const counts = { tour: `${steps().filter((each) => each.isDone).length}/${steps().length}`, audit: recordCount() || "", faults: brokenCount() || "" };
  const wanted = TABS.map(([name, title]) => {
    const open = scene.tab === name;
    const mark = `${open} ${counts[name] ?? ""}`;
    const build = () => el("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-selected": String(open), "aria-controls": "panel", tabindex: open ? "0" : "-1",
      onclick: () => openTab(name), onkeydown: move, data: { tab: name, focus: `tab-${name}` },
    }, title, counts[name] ? el("span", { class: `count ${name === "faults" ? "alarm" : ""}` }, counts[name]) : null);
    return { key: name, mark, build };
  });
  reconcile(at("panel-tabs"), wanted);
  at("panel").setAttribute("aria-labelledby", `tab-${scene.tab}`);
}

function move(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const names = TABS.map(([name]) => name);
  openTab(names[(names.indexOf(scene.tab) + step + names.length) % names.length]);
  at(`tab-${scene.tab}`).focus();
}

/** Return how many switches are on. */
export function brokenCount() {
  const { systems = {}, troubles = {}, discord = {}, telegram = {} } = scene.faults ?? {};
  const on = [...Object.values(systems), ...Object.values(troubles), discord.down, discord.storm > 0, telegram.down, telegram.flood > 0];
  return on.filter(Boolean).length;
}

function drawOpen() {
  ({ tour: drawTour, inspect: drawInspector, audit: drawAudit, world: drawWorld, faults: drawFaults })[scene.tab](at("panel"));
}

/** How many records there are; the world shows no more than the newest 200. */
function recordCount() {
  return scene.audit.length < 200 ? scene.audit.length : "200+";
}

function drawAudit(panel) {
  const records = [...scene.audit].reverse();
  const head = {
    key: "head", mark: String(records.length),
    build: () => el("p", { class: "lead" }, records.length
      ? `The bot's audit log, newest first: ${recordCount()} records, each chained to the one before by its hash.`
      : "The audit log is empty, or this world was not told where the bot keeps it."),
  };
  reconcile(panel, [head, ...records.map((record) => ({ key: record.id, mark: record.hash, build: () => recordNode(record) }))]);
}

function drawInspector(panel) {
  const { message, platform } = chosenMessage();
  if (!message) {
    panel.dataset.shown = "";
    refill(panel, el("p", { class: "lead" }, "Choose ", el("b", {}, "{ }"), " on a message to see its payload as it crossed the wire, the audit records behind it, and the decision."));
    return;
  }
  const found = platform === "discord" ? behindDiscord(message, scene.audit) : behindTelegram(message, scene.audit);
  const mark = JSON.stringify([message, found.records.map((each) => each.hash)]);
  if (panel.dataset.shown === mark && panel.firstChild) return;
  panel.dataset.shown = mark;
  const ruled = found.records.map(decision).filter(Boolean).at(-1);
  refill(panel,
    el("h3", {}, "Decision"), ruled ? decisionNode(ruled) : el("p", { class: "small" }, "No decision is on record for this message."),
    el("h3", {}, "Audit records"), found.how ? el("p", { class: "small" }, `Found ${found.how}.`) : el("p", { class: "small" }, "None yet: people's own words are not recorded, only what the bot does."),
    found.records.map((record) => recordNode(record)),
    el("h3", {}, "Payload"), el("p", { class: "small" }, platform === "discord" ? "The message as Discord's API returns it." : "The message as the Bot API returns it."), json(message));
}

function chosenMessage() {
  const { platform, id } = scene.chosen ?? {};
  const list = platform === "discord" ? scene.discord : platform === "telegram" ? scene.telegram : [];
  return { platform, message: list.find((each) => (each.id ?? each.message_id) === id) };
}
