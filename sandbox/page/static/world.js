// What stands in the world: services, data and backups of each environment, tests, scans, and what was asked.
import { ask } from "./door.js";
import { el, reconcile } from "./dom.js";
import { put, scene } from "./scene.js";

const JOBS = { tests: "Tests", scans: "Scan" };

/** Fetch what stands in the world now. */
export async function refreshWorld() {
  const world = await ask("world");
  if (world) put({ world });
}

/** Draw it. */
export function drawWorld(panel) {
  const { environments = [], jobs = [], messages = [], effects = [] } = scene.world ?? {};
  const lead = { key: "lead", mark: "1", build: () => el("p", { class: "lead" }, "What the commands act on. It changes as they do; under Faults it can be made ill.") };
  reconcile(panel, [
    lead,
    ...environments.map((each) => ({ key: each.name, mark: JSON.stringify(each), build: () => environmentNode(each) })),
    ...list("jobs", "Tests and scans", jobs.map(jobLine)),
    ...list("messages", "Told to Slack", messages.map((text) => [text])),
    ...list("effects", "Asked of the world, newest first", effects.map((text) => [el("code", {}, text)])),
  ]);
}

function environmentNode(environment) {
  const { name, slot, site, records, services, waiting, backups } = environment;
  const facts = [slot && `${slot} serves`, site, `${records.toLocaleString("en")} records`].filter(Boolean).join(" · ");
  return el("section", { class: "estate", "aria-label": name, data: { environment: name } },
    el("h3", {}, name, el("small", {}, facts)),
    el("ul", {}, services.map((each) => el("li", { class: each.well ? "ok" : "bad", data: { service: each.name } },
      el("span", { class: "sign", "aria-hidden": "true" }, each.well ? "✓" : "✕"),
      el("span", { class: "what" }, el("b", {}, each.name), ` ${each.version}`, each.well ? null : el("small", {}, each.note)),
      el("span", { class: "figure" }, `${each.success} %`, el("small", {}, `${each.ready}/${each.wanted} ready`))))),
    waiting.length ? el("p", { class: "small" }, `Waiting: ${waiting.join(", ")}`) : null,
    el("p", { class: "small" }, backups.length ? "Backups, newest first:" : "No backups."),
    backups.length ? el("ul", {}, backups.map((each) => el("li", { data: { backup: each.name } },
      el("span", { class: "what" }, el("b", {}, each.name), ` ${each.id}`, el("small", {}, each.at)),
      el("span", { class: "figure" }, each.size, el("small", {}, `${each.records.toLocaleString("en")} records`))))) : null);
}

function jobLine(job) {
  const sign = { passed: "✓", failed: "✕" }[job.status] ?? "…";
  const what = [JOBS[job.kind], job.suite ?? job.type, job.environment, job.slot].filter(Boolean).join(" · ");
  return [`${sign} ${what}`, el("small", {}, job.summary ?? "runs")];
}

function list(key, title, lines) {
  if (!lines.length) return [];
  return [{
    key, mark: lines.map((line) => line.map((part) => part.textContent ?? part).join()).join("\n"),
    build: () => el("section", { class: "estate", data: { list: key } }, el("h3", {}, title), el("ul", {}, lines.map((line) => el("li", {}, el("span", { class: "what" }, line))))),
  }];
}
