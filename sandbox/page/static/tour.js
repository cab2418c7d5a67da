// Six steps through the whole product; each ticks off by what really happened since the page was opened.
import { actAs } from "./actor.js";
import { openChannel } from "./discord.js";
import { el, reconcile } from "./dom.js";
import { display, put, scene } from "./scene.js";
import { openCommand } from "./slash.js";
import { openTab } from "./tabs.js";
import { openChat } from "./telegram.js";

const by = (user, command, ...results) => (record) => record.user === user && record.command === command && results.includes(record.result);
const SINCE = "tgk-tour-since";
const newest = () => Math.max(0, ...scene.audit.map((record) => Date.parse(record.timestamp)));
const some = (test) => scene.audit.some((record) => Date.parse(record.timestamp) > scene.since && test(record));
const channel = (name) => scene.cast.channels.find((each) => each.name === name)?.id ?? scene.channel;

const holder = (role) => (scene.cast.people.find((each) => each.policy_roles.includes(role)) ?? scene.cast.people[0]).name;
const releaser = () => holder("release_mgr");
const councillor = () => scene.cast.council[0] ?? holder("council");
const onlooker = () => holder("viewer");

const STEPS = [
  {
    name: "deploy", title: () => `Deploy as ${display(releaser())}`,
    text: () => `${display(releaser())} may release. Send /deploy to production, then press the green Deploy button that only the sender sees. Two people must want it, so the council is asked.`,
    button: () => `Set it up as ${display(releaser())}`,
    act: async () => { await stand(releaser(), "deployments", "discord"); openCommand("deploy", { env: "production", tag: "v1.4.0" }); },
    isDone: () => some((record) => record.phase === "intent" && by(releaser(), "/deploy", "pending")(record)) || some((r) => r.phase === "outcome" && by(releaser(), "/deploy", "success", "failure")(r)),
  },
  {
    name: "approve", title: () => `Approve as ${display(councillor())}, in Telegram`,
    text: () => `${display(councillor())} sits on the council. Press Approve under the question in the council's topic; watch the card in Discord count the vote and the deployment go on.`,
    button: () => `Stand as ${display(councillor())} in Telegram`,
    act: async () => { await stand(councillor(), "deployments", "telegram"); await openChat("council"); },
    isDone: () => some((record) => record.user === councillor() && record.command === "/approve" && record.result === "success"),
  },
  {
    name: "playbook", title: () => `Run a playbook as ${display(releaser())}`,
    text: () => `Send /orchestrate run canary: v1.5.0 gets 5, 50, then 100 % of the traffic, as long as the figures stay good. The card in #deployments draws the run. It begins once ${display(councillor())} approves in Telegram; kill the bot before that, if you like, under Faults.`,
    button: () => `Set it up as ${display(releaser())}`,
    act: async () => { await stand(releaser(), "deployments", "discord"); openCommand("orchestrate run", { playbook: "canary", parameters: 'version=v1.5.0 shares=50,100 watch=5' }); },
    isDone: () => some((record) => record.phase === "outcome" && by(releaser(), "/orchestrate run", "success", "failure")(record)),
  },
  {
    name: "refused", title: () => `Be refused as ${display(onlooker())}`,
    text: () => `${display(onlooker())} may only look. Try to scale a service: the answer says why not, who may, and the number of the audit record.`,
    button: () => `Set it up as ${display(onlooker())}`,
    act: async () => { await stand(onlooker(), "deployments", "discord"); openCommand("scale", { service: scene.cast.services[0], replicas: "3" }); },
    isDone: () => some((record) => record.user === onlooker() && record.result === "denied"),
  },
  {
    name: "alert", title: () => "Fire an alert",
    text: () => "Press Fire alert above. The card in #alerts is one message from firing to resolved.",
    button: () => "Look at #alerts",
    act: async () => { await stand(scene.actor, "alerts", "discord"); document.querySelector('[data-cue="alert"]').focus(); },
    isDone: () => some((record) => record.command === "/alert" && record.result === "success"),
  },
  {
    name: "audit", title: () => "See the audit log",
    text: () => "All of it was written down before it was answered: who, what, the rule that decided, and a hash that chains each record to the last.",
    button: () => "Open the audit log",
    act: async () => { openTab("audit"); },
    isDone: () => Boolean(scene.sawAudit),
  },
];

/** Begin where this tab began: what was done before somebody looked is not theirs. */
export function beginTour() {
  const known = sessionStorage.getItem(SINCE);
  if (known === null) startOver();
  else put({ since: Number(known) });
}

function startOver() {
  sessionStorage.setItem(SINCE, newest());
  put({ since: newest(), sawAudit: false });
}

/** Return the steps with what is done. */
export const steps = () => STEPS.map((each) => ({ ...each, isDone: each.isDone() }));

/** Draw the tour. */
export function drawTour(panel) {
  const all = steps();
  const now = all.findIndex((each) => !each.isDone);
  const lead = {
    key: "lead", mark: `${now} ${all.some((each) => each.isDone)}`,
    build: () => el("p", { class: "lead" }, now < 0
      ? "All six done. Now break something under Faults and do it again. "
      : "The bot is the real one; only the platforms around it are simulated. Six steps show what it does. ",
    all.some((each) => each.isDone)
      ? el("button", { type: "button", class: "plain", onclick: startOver, data: { focus: "start-over" } }, "Start over") : null),
  };
  const rows = all.map((step, place) => ({
    key: step.name, mark: `${step.isDone} ${place === now}`, build: () => stepNode(step, place, place === now),
  }));
  reconcile(panel, [lead, ...rows]);
}

function stepNode(step, place, isNow) {
  return el("div", { class: `step ${step.isDone ? "done" : ""} ${isNow ? "now" : ""}`, data: { step: step.name, done: String(step.isDone) } },
    el("span", { class: "tick", "aria-hidden": "true" }, step.isDone ? "✓" : place + 1),
    el("div", {},
      el("h3", {}, step.title(), step.isDone ? el("span", { class: "done-word" }, "done") : null),
      el("p", {}, step.text()),
      el("button", { type: "button", class: `button ${isNow ? "primary" : "secondary"}`, onclick: step.act, data: { focus: `step-${step.name}` } }, step.button())));
}

async function stand(name, place, view) {
  actAs(name);
  put({ view });
  await openChannel(channel(place));
}
