// The Telegram message box: words and /commands, also as an answer to one message.
import { combo } from "./combo.js";
import { ask, tell } from "./door.js";
import { at, el, refill } from "./dom.js";
import { refreshTelegram } from "./telegram.js";
import { chatId, display, put, scene, when } from "./scene.js";

let menu = [];

/** Keep the message box in place. */
export function startChatLine() {
  const field = combo({
    keys: { id: "chat-line", "aria-label": "Message or command for Telegram", class: "line-input" },
    eager: false,
    offer: (typed) => (/^\/\w*( \w*)?$/.test(typed) ? menu.filter((each) => `/${each.command}`.startsWith(typed.replace(" ", "_"))).map(item) : []),
    take: (chosen) => { field.input.value = `${chosen.label} `; },
    enter: () => send(field.input),
  });
  const reply = el("div", { class: "replying", hidden: true });
  refill(at("telegram-composer"), reply, el("div", { class: "line" }, field.node,
    el("button", { type: "button", class: "button primary send", onclick: () => send(field.input) }, "Send")));
  const drawHint = () => {
    field.input.placeholder = `Write as ${display(scene.actor)}${scene.chat === "council" ? " in the council's topic" : " to the bot"}, or type /`;
  };
  when(["actor", "chat"], drawHint);
  when(["replyTo"], () => drawReply(reply, field.input));
  drawHint();
}

/** Fetch the menu that the bot registered. */
export async function refreshMenu() {
  const scopes = (await ask("telegram/commands")) ?? {};
  const all = Object.values(scopes).flat();
  menu = [...new Map(all.map((each) => [each.command, each])).values()];
}

const item = (each) => ({ value: each.command, label: `/${each.command}`, note: each.description });

function drawReply(box, input) {
  const before = scene.replyTo;
  box.hidden = !before;
  if (!before) return;
  refill(box, el("span", {}, "Answering ", el("b", {}, before.from.first_name), ": ", (before.text ?? before.caption ?? "a file").split("\n")[0].slice(0, 60)),
    el("button", { type: "button", class: "plain", onclick: () => put({ replyTo: null }), "aria-label": "Do not answer this message" }, "✕"));
  input.focus();
}

async function send(input) {
  const text = input.value.trim();
  if (!text) return;
  const place = scene.chat === "council" ? "council" : chatId();
  input.value = "";
  const sent = await tell("telegram/say", { user: scene.actor, chat: place, text, reply_to: scene.replyTo?.message_id ?? null });
  if (!sent) input.value = text;
  put({ replyTo: null });
  await refreshTelegram();
}
