// Puts the page together: fetches the scene, keeps it true by what the server tells, draws the parts.
import { startActors } from "./actor.js";
import { refreshMenu, startChatLine } from "./chat-line.js";
import { openChannel, refreshChannels, refreshDiscord, startDiscord, visible } from "./discord.js";
import { ask } from "./door.js";
import { refreshFaults, startCues } from "./faults.js";
import { startPanel } from "./panel.js";
import { chatId, person, put, scene, when } from "./scene.js";
import { refreshCommands, startComposer } from "./slash.js";
import { beginTour } from "./tour.js";
import { openChat, popup, refreshTelegram, startTelegram } from "./telegram.js";
import { keepTime } from "./times.js";
import { refreshWorld } from "./world.js";

const SOON = 60;
const LOOK_EVERY = 3000;
const AGAIN = 1500;
const waiting = new Map();

async function start() {
  const cast = await ask("cast");
  if (!cast) return setTimeout(start, AGAIN);
  const before = localStorage.getItem("tgk-actor");
  scene.cast = cast;
  scene.actor = person(before ?? "dana")?.name ?? cast.people[0].name;
  await refreshChannels();
  scene.channel = cast.channels.find((each) => each.name === "deployments")?.id ?? cast.channels[0].id;
  startViews();
  startDiscord();
  startTelegram();
  startComposer();
  startChatLine();
  startCues();
  await refreshAudit();
  beginTour();
  startPanel();
  startActors(() => { refreshDiscord(); openChat(scene.chat); });
  put({ channels: scene.channels, channel: scene.channel, chat: scene.chat });
  keepTime();
  listen();
  setInterval(look, LOOK_EVERY);
  await refreshAll();
}

async function refreshAll() {
  await Promise.all([openChannel(scene.channel), openChat(scene.chat), refreshCommands(), refreshMenu(), refreshAudit(), refreshFaults(), refreshChannels()]);
}

async function refreshAudit() {
  const audit = await ask("audit");
  if (audit) put({ audit });
}

/** Look at what tells nobody when it changes. */
function look() {
  if (document.hidden) return;
  refreshFaults();
  if (scene.tab === "world") refreshWorld();
}

/** Run something a moment from now, once, however often it is asked for. */
function soon(act) {
  if (waiting.has(act)) return;
  waiting.set(act, setTimeout(() => { waiting.delete(act); act(); }, SOON));
}

function listen() {
  const stream = new EventSource("/play/changes");
  let wasLost = false;
  stream.onopen = () => {
    put({ live: true });
    if (wasLost) { scene.cast && refreshAll(); }
    wasLost = false;
  };
  stream.onerror = () => {
    wasLost = true;
    put({ live: false });
    if (stream.readyState === EventSource.CLOSED) { stream.close(); setTimeout(listen, AGAIN); }
  };
  stream.onmessage = (event) => heard(JSON.parse(event.data));
}

function heard(change) {
  if (change.kind === "reload") return soon(refreshAll);
  if (change.platform === "audit") return soon(refreshAudit);
  if (change.platform === "discord") heardDiscord(change);
  else heardTelegram(change);
}

function heardDiscord(change) {
  if (change.kind === "commands") soon(refreshCommands);
  else if (change.kind === "connection") soon(refreshFaults);
  else if (change.kind === "thread") soon(refreshChannels);
  else if (change.place === scene.channel) soon(refreshDiscord);
  else if (change.kind === "message" && visible(change)) markUnread(change.place);
}

function heardTelegram(change) {
  if (change.kind === "popup") popup(change);
  else if (change.kind === "commands") soon(refreshMenu);
  else if (change.place === String(chatId())) soon(refreshTelegram);
  else if (change.kind === "message") markUnread(change.place);
}

function markUnread(place) {
  put({ unread: { ...scene.unread, [place]: (scene.unread[place] ?? 0) + 1 } });
}

function startViews() {
  const buttons = [...document.querySelectorAll(".views button")];
  const show = (view) => {
    document.body.dataset.view = view;
    for (const each of buttons) each.setAttribute("aria-pressed", String(each.dataset.view === view));
  };
  for (const each of buttons) each.addEventListener("click", () => show(each.dataset.view));
  when(["view"], () => show(scene.view));
  when(["chosen"], () => { if (matchMedia("(max-width: 839px)").matches) show("backstage"); });
}

start();
