// The Telegram side: the council's topic and the actor's private chat with the bot.
import { avatar } from "./avatar.js";
import { ask, tell } from "./door.js";
import { at, el, keepEndInSight, link, reconcile, refill, stickToEnd } from "./dom.js";
import { formatted } from "./entities.js";
import { chatId, display, me, put, scene, when } from "./scene.js";
import { clock } from "./times.js";
import { toast } from "./toast.js";

/** Keep the chats true to the scene. */
export function startTelegram() {
  keepEndInSight(at("telegram-messages"));
  when(["actor", "chat", "unread"], drawHead);
  when(["telegram", "actor", "chosen"], drawMessages);
}

/** Fetch the open chat. */
export async function refreshTelegram() {
  const chat = chatId();
  const messages = await ask("telegram/messages", { chat });
  if (messages && chat === chatId()) put({ telegram: messages });
}

/** Open the council's topic or the private chat. */
export async function openChat(chat) {
  put({ chat, telegram: [], replyTo: null });
  const unread = { ...scene.unread };
  delete unread[String(chatId())];
  put({ unread });
  await refreshTelegram();
  const box = at("telegram-messages");
  box.scrollTop = box.scrollHeight;
}

/** Show a popup if it was meant for whoever acts and says anything: an empty one only ends the waiting sign. */
export function popup(change) {
  if (change.viewer !== String(me().telegram) || !change.body.text) return;
  toast({ tone: "info", title: `Telegram tells ${display(scene.actor)}`, text: change.body.text, stays: change.body.alert });
}

function drawHead() {
  const tab = (chat, title, sub) => {
    const id = String(chat === "council" ? scene.cast.council_chat : me().telegram);
    const unread = scene.unread[id];
    return el("button", {
      type: "button", class: "chat", "aria-pressed": String(scene.chat === chat), onclick: () => openChat(chat), data: { chat },
    }, el("b", {}, title), el("small", {}, sub), unread ? el("span", { class: "count" }, unread, el("span", { class: "hidden" }, " new")) : null);
  };
  refill(at("telegram-head"), el("h2", { class: "platform-name" }, "Telegram ", el("small", {}, "simulated")),
    tab("council", "Council", `topic ${scene.cast.council_thread ?? "–"} · ${scene.cast.council.map(display).join(", ")}`),
    tab("private", `@${scene.cast.telegram_username}`, `private chat of ${display(scene.actor)}`));
}

function drawMessages() {
  const box = at("telegram-messages");
  const wanted = scene.telegram.map((message) => {
    const chosen = scene.chosen?.platform === "telegram" && scene.chosen.id === message.message_id && scene.chosen.chat === message.chat.id;
    const mine = message.from.id === me().telegram;
    return {
      key: `${message.chat.id}/${message.message_id}`,
      mark: JSON.stringify([message, chosen, mine]),
      build: () => bubble(message, chosen, mine),
    };
  });
  stickToEnd(box, () => reconcile(box, wanted.length ? wanted : [nothing()]));
}

const nothing = () => ({
  key: "nothing", mark: scene.chat,
  build: () => el("p", { class: "empty" }, scene.chat === "council"
    ? "Quiet. Questions for the council appear here, with buttons to answer them."
    : "Say /start to begin."),
});

function bubble(message, chosen, mine) {
  const pick = () => put({ chosen: { platform: "telegram", id: message.message_id, chat: message.chat.id }, tab: "inspect" });
  const text = message.text ?? message.caption ?? "";
  const entities = message.entities ?? message.caption_entities ?? [];
  return el("article", { class: `bubble ${mine ? "mine" : ""} ${chosen ? "chosen" : ""}` },
    !mine && avatar(message.from.username, message.from.is_bot),
    el("div", { class: "balloon" },
      el("div", { class: "paper" },
        !mine && el("div", { class: "sender" }, message.from.first_name, message.from.is_bot ? el("span", { class: "app" }, "BOT") : null),
        quoted(message.reply_to_message),
        enclosed(message, text),
        text && el("div", { class: "words" }, formatted(text, entities)),
        el("div", { class: "foot" }, message.edit_date ? "edited " : "", clock(new Date((message.edit_date ?? message.date) * 1000)))),
      keyboard(message)),
    el("div", { class: "tools" },
      el("button", { type: "button", class: "inspect", onclick: pick, title: "Inspect this message", "aria-label": `Inspect the message of ${message.from.first_name}`, data: { focus: `tg-inspect-${message.message_id}` } }, "{ }"),
      el("button", { type: "button", class: "inspect", onclick: () => put({ replyTo: message }), title: "Reply", "aria-label": `Reply to ${message.from.first_name}` }, "↩")));
}

function quoted(before) {
  if (!before) return null;
  return el("div", { class: "quoted" }, el("b", {}, before.from.first_name),
    el("span", {}, (before.text ?? before.caption ?? "a file").split("\n").slice(0, 2).join(" · ").slice(0, 90)));
}

function enclosed(message, words) {
  if (message.photo) {
    const source = fileAddress(message.photo.at(-1).file_id);
    return el("a", { class: "photo", href: source, target: "_blank", rel: "noopener" }, el("img", { src: source, alt: words || "photo without a caption" }));
  }
  if (!message.document) return null;
  const { file_id: id, file_name: name, file_size: size } = message.document;
  return el("a", { class: "file", href: fileAddress(id), download: name },
    el("span", { class: "file-sign", "aria-hidden": "true" }, "📄"), el("span", {}, el("b", {}, name), el("small", {}, `${(size / 1024).toFixed(1)} KB`)));
}

const fileAddress = (id) => `/play/telegram/file?id=${encodeURIComponent(id)}`;

function keyboard(message) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows) return null;
  return el("div", { class: "keyboard" }, rows.map((row) => el("div", { class: "keys" }, row.map((key) => keyNode(key, message)))));
}

function keyNode(key, message) {
  const classes = `key ${key.style ?? ""}`;
  if (key.url) return link(key.url, el("span", { class: classes }, key.text, " ↗"));
  const press = async (event) => {
    const node = event.currentTarget;
    if (key.copy_text) return copy(key.copy_text.text);
    node.setAttribute("aria-busy", "true");
    await tell("telegram/press", { user: scene.actor, chat: message.chat.id, message: message.message_id, data: key.callback_data });
    node.removeAttribute("aria-busy");
  };
  return el("button", { type: "button", class: classes, onclick: press, data: { focus: key.callback_data ?? key.text, press: key.text } }, key.text, key.copy_text ? " ⧉" : "");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast({ tone: "ok", title: "Copied", text });
  } catch {
    toast({ tone: "info", title: "To copy", text, stays: true });
  }
}
