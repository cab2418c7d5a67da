// The Discord side: channels, messages, and what happens when somebody presses.
import { avatar } from "./avatar.js";
import { attached, draw, emoji, embed } from "./components.js";
import { ask, tell } from "./door.js";
import { at, el, keepEndInSight, reconcile, refill, stickToEnd } from "./dom.js";
import { openForm } from "./form.js";
import { inline, markdown } from "./markdown.js";
import { display, me, put, scene, when } from "./scene.js";
import { clock } from "./times.js";

const EPHEMERAL = 64, LOADING = 128;
const APART = 7 * 60 * 1000;

/** Keep the channel list and the messages true to the scene. */
export function startDiscord() {
  keepEndInSight(at("discord-messages"));
  when(["channels", "channel", "unread", "actor"], drawChannels);
  when(["channel", "channels", "actor"], drawHead);
  when(["discord", "used", "actor", "chosen"], drawMessages);
}

/** Fetch the open channel as the actor sees it. */
export async function refreshDiscord() {
  const channel = scene.channel, viewer = scene.actor;
  const [messages, used] = await Promise.all([
    ask("discord/messages", { channel, viewer }), ask("discord/used", { channel })]);
  if (messages && channel === scene.channel && viewer === scene.actor) put({ discord: messages, used: used ?? {} });
}

/** Open a channel. */
export async function openChannel(id) {
  const unread = { ...scene.unread };
  delete unread[id];
  put({ channel: id, unread, discord: [] });
  await refreshDiscord();
  const box = at("discord-messages");
  box.scrollTop = box.scrollHeight;
}

/** Fetch channels and threads. */
export async function refreshChannels() {
  const channels = await ask("discord/channels");
  if (channels) put({ channels });
}

/** Press a button or choose in a menu as the actor; a form that comes back is opened. */
export async function useComponent(message, customId, values) {
  const found = await tell("discord/press", { user: scene.actor, message, custom_id: customId, values: values ?? null });
  showForm(found);
}

/** Open the form that an interaction was answered with, if it was. */
export function showForm(interaction) {
  if (!interaction?.modal) return;
  const user = scene.actor;
  openForm(interaction.modal, (values) => tell("discord/modal", { user, interaction: interaction.id, values }));
}

function drawChannels() {
  const roots = scene.channels.filter((each) => !each.parent);
  const threads = (id) => scene.channels.filter((each) => each.parent === id);
  refill(at("channels"),
    el("div", { class: "guild" }, el("small", {}, "Discord · simulated"), scene.cast.guild_name),
    el("ul", {}, roots.map((each) => [channelItem(each), ...threads(each.id).map((sub) => channelItem(sub, true))])));
}

function channelItem(place, isThread = false) {
  const open = place.id === scene.channel, unread = scene.unread[place.id];
  return el("li", {}, el("button", {
    type: "button", class: `channel ${isThread ? "thread" : ""} ${unread ? "unread" : ""}`,
    "aria-current": open ? "true" : null, onclick: () => openChannel(place.id), data: { channel: place.name },
  }, el("span", { class: "hash", "aria-hidden": "true" }, isThread ? "↳" : "#"), el("span", { class: "name" }, place.name),
  unread ? el("span", { class: "count" }, unread, el("span", { class: "hidden" }, " new")) : null));
}

function drawHead() {
  const place = scene.channels.find((each) => each.id === scene.channel);
  refill(at("discord-head"), el("span", { class: "hash", "aria-hidden": "true" }, place?.parent ? "🧵" : "#"),
    el("h2", {}, place?.name ?? ""), el("span", { class: "platform" }, "seen as ", el("b", {}, display(scene.actor))));
}

function drawMessages() {
  const box = at("discord-messages");
  const wanted = scene.discord.map((message, place) => {
    const follows = continues(scene.discord[place - 1], message);
    const typed = scene.used[message.interaction_metadata?.id] ?? "";
    const chosen = scene.chosen?.platform === "discord" && scene.chosen.id === message.id;
    return {
      key: message.id,
      mark: JSON.stringify([message, follows, typed, chosen]),
      build: () => messageNode(message, follows, typed, chosen),
    };
  });
  stickToEnd(box, () => reconcile(box, wanted.length ? wanted : [nothing()]));
}

const nothing = () => ({
  key: "nothing", mark: scene.channel,
  build: () => el("p", { class: "empty" }, "Nothing here yet. Type ", el("kbd", {}, "/"), " below to see what you can ask of the bot."),
});

function continues(before, message) {
  if (!before || message.interaction_metadata || message.message_reference || before.author.id !== message.author.id) return false;
  return !message.author.bot && new Date(message.timestamp) - new Date(before.timestamp) < APART;
}

function messageNode(message, follows, typed, chosen) {
  const isPrivate = Boolean(message.flags & EPHEMERAL);
  const pick = () => put({ chosen: { platform: "discord", id: message.id }, tab: "inspect" });
  return el("article", { class: `message ${isPrivate ? "private" : ""} ${chosen ? "chosen" : ""} ${follows ? "follows" : ""}` },
    context(message, typed),
    !follows && avatar(message.author.username, message.author.bot),
    el("div", { class: "body" },
      !follows && author(message),
      message.flags & LOADING ? el("p", { class: "thinking" }, `${scene.cast.bot_name} is thinking`, el("span", { class: "dots", "aria-hidden": "true" }, "…")) : null,
      message.content ? el("div", { class: "text" }, markdown(message.content), edited(message)) : null,
      message.embeds.map(embed),
      message.components.map((part) => draw(part, message, (id, values) => useComponent(message.id, id, values))),
      loose(message).map(attached),
      reactions(message),
      message.content ? null : edited(message),
      isPrivate ? el("p", { class: "only-you" }, el("span", { "aria-hidden": "true" }, "👁 "), "Only you can see this") : null),
    el("button", { type: "button", class: "inspect", onclick: pick, title: "Inspect this message", "aria-label": `Inspect the message of ${message.author.username}`, data: { focus: `inspect-${message.id}` } }, "{ }"));
}

function author(message) {
  const name = message.author.username, isBot = message.author.bot;
  const style = isBot ? {} : { "--role": roleColour(name) };
  return el("div", { class: "author" },
    el("b", { style }, isBot ? name : display(name)), isBot ? el("span", { class: "app" }, "APP") : null,
    el("time", { datetime: message.timestamp }, clock(new Date(message.timestamp))));
}

function roleColour(name) {
  const held = scene.cast.people.find((each) => each.name === name)?.roles ?? [];
  const colour = scene.cast.roles.find((role) => held.includes(role.id))?.colour;
  return colour === undefined ? "inherit" : `#${colour.toString(16).padStart(6, "0")}`;
}

function context(message, typed) {
  const who = message.interaction_metadata?.user?.username;
  if (who && (typed || message.type === 20)) {
    return el("div", { class: "context" }, el("span", { "aria-hidden": "true" }, "╭ "), el("b", {}, display(who)), " used ", el("code", {}, typed || "a command"));
  }
  const did = { 3: "pressed a button", 5: "sent a form" }[message.interaction_metadata?.type];
  if (who && did) return el("div", { class: "context" }, el("span", { "aria-hidden": "true" }, "╭ "), el("b", {}, display(who)), " ", did);
  const before = message.referenced_message;
  if (before) return el("div", { class: "context" }, el("span", { "aria-hidden": "true" }, "╭ "), "replies to ", el("b", {}, before.author.username), " ", inline(brief(before)));
  return null;
}

function brief(message) {
  const text = message.content || message.components.flatMap((part) => part.components ?? [part]).find((part) => part.content)?.content || "";
  return text.replace(/^[#\s-]+/, "").split("\n")[0].slice(0, 80);
}

const edited = (message) => (message.edited_timestamp
  ? el("span", { class: "edited", title: new Date(message.edited_timestamp).toLocaleString("en-GB") }, " (edited)") : null);

/** Files that no component shows. */
function loose(message) {
  const shown = JSON.stringify(message.components);
  return message.attachments.filter((each) => !shown.includes(each.url) && !shown.includes(`attachment://${each.filename}`));
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  return el("div", { class: "reactions" }, message.reactions.map((each) => el("span", { class: "reaction" }, `${emoji(each.emoji)} ${each.count}`)));
}

/** Return whether a change may be seen by whoever acts. */
export const visible = (change) => !change.viewer || change.viewer === me().discord;
