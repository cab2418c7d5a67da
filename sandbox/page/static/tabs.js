// Which part of the panel is open.
import { put, scene } from "./scene.js";
import { refreshWorld } from "./world.js";

/** Open a tab. */
export function openTab(name) {
  if (name === "world") refreshWorld();
  put(name === "audit" ? { tab: name, sawAudit: scene.sawAudit || scene.audit.length > 0 } : { tab: name });
}
