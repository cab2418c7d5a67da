// What the page knows: who acts, what is open, what was fetched. Watchers are told what changed.

export const scene = {
  cast: null,
  commands: [],
  actor: "dana",
  channel: "",
  channels: [],
  unread: {},
  chat: "council",
  discord: [],
  used: {},
  telegram: [],
  audit: [],
  since: Infinity,
  faults: null,
  world: null,
  chosen: null,
  tab: "tour",
  live: false,
};

const watchers = [];

/** Call `act` after any of the named parts of the scene changed. */
export function when(names, act) {
  watchers.push({ names: new Set(names), act });
}

/** Change parts of the scene and tell who watches. */
export function put(parts) {
  Object.assign(scene, parts);
  const changed = Object.keys(parts);
  for (const { names, act } of watchers) if (changed.some((name) => names.has(name))) act();
}

/** Return a person of the cast by name, Discord id or Telegram id. */
export function person(who) {
  const name = String(who);
  return scene.cast.people.find((each) => [each.name, each.discord, String(each.telegram)].includes(name));
}

/** Return whoever acts now. */
export const me = () => person(scene.actor);

/** Return the roles of somebody as people say them. */
export function rolesOf(someone) {
  const titles = { admin: "Admin", release_mgr: "Release manager", developer: "Developer", viewer: "Viewer", council: "Council" };
  const roles = someone.policy_roles.map((role) => titles[role] ?? role);
  return roles.length ? roles.join(" + ") : "no roles";
}

/** Return the number of the open Telegram chat. */
export const chatId = () => (scene.chat === "council" ? scene.cast.council_chat : me().telegram);

/** Return a channel's name by id. */
export const channelName = (id) => scene.channels.find((each) => each.id === id)?.name ?? id;

const HUES = [218, 38, 262, 150, 330, 190, 12, 95];

/** Return the colour that stands for somebody. */
export function hueOf(name) {
  const place = scene.cast.people.findIndex((each) => each.name === name);
  return HUES[(place + HUES.length) % HUES.length];
}

/** Return a name with a capital letter. */
export const display = (name) => name.charAt(0).toUpperCase() + name.slice(1);
