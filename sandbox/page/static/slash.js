// The Discord message box: words are said, a slash opens the command's own form.
import { combo } from "./combo.js";
import { ask, tell } from "./door.js";
import { at, el, refill } from "./dom.js";
import { refreshDiscord, showForm } from "./discord.js";
import { channelName, display, put, scene, when } from "./scene.js";

const SUB = 1, GROUP = 2, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8;

/** Keep the message box in place. */
export function startComposer() {
  drawLine();
  when(["channel", "actor"], () => {
    const input = at("slash-line");
    if (input) input.placeholder = hint();
    const send = at("discord-composer").querySelector("form.command .send");
    if (send) send.textContent = sendLabel();
  });
}

/** Fetch the commands as the bot registered them. */
export async function refreshCommands() {
  const found = await ask("discord/commands");
  if (found) put({ commands: found.filter((each) => (each.type ?? 1) === 1).flatMap((each) => leaves(each)) });
}

/** Open the form of a command, filled in with what is given; returns whether there is such a command. */
export function openCommand(name, given = {}) {
  const command = scene.commands.find((each) => each.name === name);
  if (command) drawForm(command, given);
  return Boolean(command);
}

function leaves(command, before = "") {
  const name = `${before}${command.name}`;
  const below = (command.options ?? []).filter((each) => each.type === SUB || each.type === GROUP);
  if (below.length) return below.flatMap((each) => leaves(each, `${name} `));
  return [{ name, description: command.description, options: command.options ?? [] }];
}

const hint = () => `Message #${channelName(scene.channel)} as ${display(scene.actor)}, or type /`;
const sendLabel = () => `Send as ${display(scene.actor)}`;

function drawLine(text = "") {
  const field = combo({
    keys: { id: "slash-line", placeholder: hint(), "aria-label": "Message or slash command for Discord", class: "line-input" },
    offer: (typed) => (typed.startsWith("/") ? matching(typed) : typed.endsWith("@") || /(^|\s)@\w*$/.test(typed) ? people(typed) : []),
    take: (item) => (item.command || item.family ? pick(item, field) : mention(field.input, item)),
    enter: (typed) => sayOrOpen(typed, field),
  });
  field.input.value = text;
  refill(at("discord-composer"), el("div", { class: "line" }, field.node,
    el("button", { type: "button", class: "button primary send", onclick: () => sayOrOpen(field.input.value, field) }, "Send")));
  return field;
}

function matching(typed) {
  const wanted = typed.slice(1).trimStart().toLowerCase();
  const fits = (command) => command.name.startsWith(wanted) || wanted.startsWith(`${command.name} `);
  const alike = (command) => wanted && !fits(command) && (command.name.includes(wanted) || command.description.toLowerCase().includes(wanted));
  return [...gathered(scene.commands.filter(fits), wanted), ...scene.commands.filter(alike).map(single)].slice(0, 25);
}

const single = (command) => ({ value: command.name, label: `/${command.name}`, note: command.description, command });
const familyOf = (command) => (command.name.includes(" ") ? command.name.split(" ")[0] : "");

/** Offer each family once, until it is the only one or its name is typed: then its verbs. */
function gathered(found, wanted) {
  const verbs = new Map();
  for (const each of found) verbs.set(familyOf(each), [...(verbs.get(familyOf(each)) ?? []), each.name.split(" ")[1]]);
  const isOpen = (family) => !family || verbs.size === 1 || wanted === family || wanted.startsWith(`${family} `);
  const first = (each) => found.find((other) => familyOf(other) === familyOf(each)) === each;
  return found.filter((each) => isOpen(familyOf(each)) || first(each)).map((each) => (isOpen(familyOf(each)) ? single(each)
    : { value: familyOf(each), label: `/${familyOf(each)} …`, note: verbs.get(familyOf(each)).join(", "), family: familyOf(each) }));
}

/** Open the form of a command, or the verbs of a family. */
function pick(item, field) {
  if (item.command) return drawForm(item.command, given(field.input.value, item.command));
  field.input.value = `/${item.family} `;
  field.input.dispatchEvent(new Event("input"));
}

function people(typed) {
  const part = /@(\w*)$/.exec(typed)[1].toLowerCase();
  const names = [scene.cast.bot_name, ...scene.cast.people.map((each) => each.name)];
  return names.filter((name) => name.startsWith(part)).map((name) => ({ value: name, label: `@${name}`, note: name === scene.cast.bot_name ? "the bot hears this" : "" }));
}

function mention(input, item) {
  input.value = input.value.replace(/@\w*$/, `@${item.value} `);
}

/** Read the values of a line that was typed or pasted whole: bare words in order, then `option:value` pairs. */
function given(typed, command) {
  const line = typed.slice(1).trim(), names = command.options.map((each) => each.name);
  if (!names.length || !line.toLowerCase().startsWith(`${command.name} `)) return {};
  const rest = line.slice(command.name.length);
  if (/(^|\s)--\w/.test(rest)) return flagged(rest, command.options);
  const any = names.join("|");
  const pairs = [...rest.matchAll(new RegExp(`\\b(${any}):([^]*?)(?=\\s+(?:${any}):|$)`, "g"))];
  const words = rest.slice(0, pairs[0]?.index).trim().split(/\s+/).filter(Boolean);
  const named = Object.fromEntries(pairs.map((match) => [match[1], match[2].trim()]));
  return { ...inOrder(words, names.filter((name) => !(name in named))), ...named };
}

/** Read what was written for a terminal or another chat: `--name value`, `--name=value` and `--flag`. */
function flagged(rest, options) {
  const values = {}, words = [], spelled = (name) => name.replaceAll("_", "-").toLowerCase();
  const add = (name, value) => { values[name] = name in values ? `${values[name]} ${value}` : value; };
  let open = null;
  for (const [, name, value, quoted, bare] of rest.matchAll(/--([\w-]+)(?:=("[^"]*"|\S+))?|"([^"]*)"|(\S+)/g)) {
    const option = name && options.find((each) => spelled(each.name) === spelled(name));
    if (option && value !== undefined) add(option.name, value.replace(/^"|"$/g, ""));
    else if (option && option.type === BOOLEAN) values[option.name] = true;
    else if (option) open = option;
    else if (open) { add(open.name, quoted ?? bare); open = null; }
    else if (!name) words.push(quoted ?? bare);
  }
  return { ...inOrder(words, options.filter((each) => each.type !== BOOLEAN && !(each.name in values)).map((each) => each.name)), ...values };
}

/** Give each word to the option at its place; the last option takes all that is left. */
function inOrder(words, names) {
  const taken = names.slice(0, words.length);
  return Object.fromEntries(taken.map((name, place) => [
    name, place === names.length - 1 ? words.slice(place).join(" ") : words[place]]));
}

async function sayOrOpen(typed, field) {
  const text = typed.trim();
  if (!text) return;
  if (text.startsWith("/")) {
    const [first] = matching(text);
    if (first) return pick(first, field);
  }
  field.input.value = "";
  await tell("discord/say", { user: scene.actor, channel: scene.channel, text });
}

function drawForm(command, values) {
  const fields = new Map();
  const box = el("div", { class: "fields" });
  const more = el("div", { class: "more" });
  const back = () => drawLine().input.focus();
  const send = () => submit(command, fields);
  const add = (option, focus) => {
    const field = optionField(option, command, fields, send);
    if (values[option.name] !== undefined) field.set(values[option.name]);
    fields.set(option.name, field);
    box.append(field.node);
    drawMore();
    if (focus) field.input.focus();
  };
  const drawMore = () => refill(more, command.options.filter((each) => !fields.has(each.name)).map((each) =>
    el("button", { type: "button", class: "add", onclick: () => add(each, true), title: each.description }, `+ ${each.name}`)));
  const form = el("form", {
    class: "command", "aria-label": `/${command.name}`,
    onsubmit: (event) => { event.preventDefault(); send(); },
    onkeydown: (event) => { if (event.key === "Escape") { event.preventDefault(); back(); } },
  }, el("div", { class: "command-head" },
    el("code", {}, `/${command.name}`), el("span", { class: "small" }, command.description),
    el("button", { type: "button", class: "plain", onclick: back, "aria-label": "Leave this command" }, "✕")),
  box, more,
  el("div", { class: "row" }, el("button", { type: "submit", class: "button primary send" }, sendLabel())));
  refill(at("discord-composer"), form);
  for (const option of command.options) if (option.required || values[option.name] !== undefined) add(option, false);
  drawMore();
  ([...fields.values()].find((each) => !each.value()) ?? { input: form.querySelector(".send") }).input.focus();
}

function optionField(option, command, fields, send) {
  const state = { shown: "", real: undefined };
  const next = () => {
    const open = [...fields.values()].find((each) => each.isRequired && !each.value());
    if (open) open.input.focus();
    else field.input.closest("form").querySelector(".send").focus();
  };
  const field = combo({
    keys: { name: option.name, placeholder: option.description, "aria-label": `${option.name}: ${option.description}`, "aria-required": String(Boolean(option.required)), data: { option: option.name } },
    eager: Boolean(option.choices || option.autocomplete || option.type === BOOLEAN),
    offer: (typed) => offers(option, command, fields, typed === state.shown && state.real !== undefined ? "" : typed),
    take: (item) => { state.shown = field.input.value = item.label; state.real = item.value; next(); },
    enter: (typed) => (typed.trim() || !option.required ? missing(fields) ? next() : send() : field.input.focus()),
  });
  const node = el("label", { class: `option ${option.required ? "required" : ""}` },
    el("span", { class: "option-name" }, option.name, option.required ? el("span", { class: "needed" }, " required") : null), field.node);
  const set = (value) => { field.input.value = state.shown = String(value); state.real = value; };
  const value = () => (field.input.value === state.shown && state.real !== undefined ? state.real : field.input.value.trim());
  return { node, input: field.input, set, value, isRequired: Boolean(option.required) };
}

const missing = (fields) => [...fields.values()].some((each) => each.isRequired && each.value() === "");

async function offers(option, command, fields, typed) {
  const part = typed.toLowerCase();
  const fits = (items) => items.filter((each) => each.label.toLowerCase().includes(part)).slice(0, 25);
  const plain = (value) => ({ value: String(value), label: String(value) });
  if (option.choices?.length) return fits(option.choices.map((each) => ({ value: each.value, label: each.name })));
  if (option.type === BOOLEAN) return fits([plain(true), plain(false)]);
  if (option.type === USER) return fits(scene.cast.people.map((each) => plain(each.name)));
  if (option.type === CHANNEL) return fits(scene.cast.channels.map((each) => plain(each.name)));
  if (option.type === ROLE) return fits(scene.cast.roles.map((each) => plain(each.name)));
  if (!option.autocomplete) return [];
  const found = await tell("discord/complete", {
    user: scene.actor, name: command.name, option: option.name, partial: typed, given: answers(fields, option.name),
  });
  return (found ?? []).map((each) => ({ value: each.value, label: each.name }));
}

function answers(fields, except = "") {
  const pairs = [...fields].map(([name, field]) => [name, field.value()]);
  return Object.fromEntries(pairs.filter(([name, value]) => name !== except && value !== ""));
}

async function submit(command, fields) {
  const open = [...fields.values()].find((each) => each.isRequired && each.value() === "");
  if (open) return open.input.focus();
  const sent = { user: scene.actor, channel: scene.channel, name: command.name, options: answers(fields) };
  drawLine().input.focus();
  const found = await tell("discord/slash", sent);
  showForm(found);
  await refreshDiscord();
}
