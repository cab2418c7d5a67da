// Discord's Markdown, the part that cards use, read into nodes: never into markup text.
import { el, isWeb, link } from "./dom.js";
import { person, scene } from "./scene.js";
import { stamp } from "./times.js";

const MARKS = [
  [/^\\([\\`*_~|>#\-+.()\[\]<:!])/, (m) => m[1]],
  [/^``([^]+?)``/, (m) => el("code", {}, m[1].trim())],
  [/^`([█▓▒░▰▱]+)`/, (m) => el("span", { class: "bar" }, m[1])],
  [/^`([^`\n]+)`/, (m) => el("code", {}, m[1])],
  [/^\*\*\*([^]+?)\*\*\*/, (m) => el("strong", {}, el("em", {}, inline(m[1])))],
  [/^\*\*((?:\\.|[^\\])+?)\*\*/, (m) => el("strong", {}, inline(m[1]))],
  [/^__((?:\\.|[^\\])+?)__/, (m) => el("u", {}, inline(m[1]))],
  [/^~~((?:\\.|[^\\])+?)~~/, (m) => el("s", {}, inline(m[1]))],
  [/^\|\|((?:\\.|[^\\])+?)\|\|/, (m) => spoiler(inline(m[1]))],
  [/^\*((?:\\.|[^\\*\s])(?:(?:\\.|[^\\*])*?(?:\\.|[^\\*\s]))?)\*/, (m) => el("em", {}, inline(m[1]))],
  [/^_((?:\\.|[^\\_])+?)_(?!\w)/, (m) => el("em", {}, inline(m[1]))],
  [/^\[([^\]\n]+)\]\(<?(https?:[^\s)>]+)>?\)/, (m) => link(m[2], inline(m[1]))],
  [/^<t:(-?\d+)(?::([tTdDfFR]))?>/, (m) => stamp(Number(m[1]), m[2])],
  [/^<@!?(\d+)>/, (m) => mention("@", someone(m[1]))],
  [/^<@&(\d+)>/, (m) => mention("@", scene.cast.roles.find((role) => role.id === m[1])?.name ?? m[1])],
  [/^<#(\d+)>/, (m) => mention("#", scene.channels.find((place) => place.id === m[1])?.name ?? m[1])],
  [/^<\/([^:>]+):\d+>/, (m) => mention("/", m[1])],
  [/^<(https?:[^\s>]+)>/, (m) => link(m[1], m[1])],
  [/^https?:\/\/[^\s<>)\]]+[^\s<>)\].,;:!?]/, (m) => (isWeb(m[0]) ? link(m[0], m[0]) : m[0])],
];
const STARTS = /[\\`*_~|[<]|https?:\/\//g;

/** Return nodes for a run of text without line structure. */
export function inline(text) {
  const nodes = [];
  let rest = text;
  while (rest) {
    const found = firstMark(rest);
    if (found) {
      nodes.push(found.node);
      rest = rest.slice(found.length);
      continue;
    }
    STARTS.lastIndex = 1;
    const next = STARTS.exec(rest);
    const end = next ? next.index : rest.length;
    nodes.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return nodes;
}

/** Return block nodes for a whole text: headings, small print, quotes, lists and code. */
export function markdown(text) {
  const nodes = [];
  const parts = text.split(/```(?:([\w+-]*)\n)?([^]*?)```/g);
  for (let i = 0; i < parts.length; i += 3) {
    if (parts[i]) nodes.push(...lines(parts[i].replace(/^\n|\n$/g, "")));
    if (i + 2 < parts.length) nodes.push(code(parts[i + 2].replace(/\n$/, ""), parts[i + 1] ?? ""));
  }
  return nodes;
}

function firstMark(rest) {
  for (const [pattern, build] of MARKS) {
    const match = pattern.exec(rest);
    if (match) return { node: build(match), length: match[0].length };
  }
  return null;
}

function lines(text) {
  return text.split("\n").map((line) => {
    let match;
    if ((match = /^(#{1,3}) (.*)/.exec(line))) return el("div", { class: `h${match[1].length}`, role: "heading", "aria-level": "3" }, inline(match[2]));
    if ((match = /^-# (.*)/.exec(line))) return el("div", { class: "small" }, inline(match[1]));
    if ((match = /^> ?(.*)/.exec(line))) return el("blockquote", {}, inline(match[1]));
    if ((match = /^(\s*)[-*] (.*)/.exec(line))) return el("div", { class: "item" }, inline(match[2]));
    return el("div", { class: line ? "line" : "line blank" }, inline(line));
  });
}

const INKS = { 30: "grey", 31: "red", 32: "green", 33: "yellow", 34: "blue", 35: "pink", 36: "cyan", 37: "white" };

function code(text, language) {
  if (language !== "ansi") return el("pre", { class: "code", tabindex: "0" }, text);
  const pre = el("pre", { class: "code", tabindex: "0" });
  let ink = "";
  for (const part of text.split(/(\x1b\[[\d;]*m)/)) {
    const match = /^\x1b\[([\d;]*)m$/.exec(part);
    if (match) ink = match[1].split(";").map((each) => INKS[each]).find(Boolean) ?? (/(^|;)0?$/.test(match[1]) ? "" : ink);
    else if (part) pre.append(ink ? el("span", { class: `ink-${ink}` }, part) : part);
  }
  return pre;
}

function someone(id) {
  return id === scene.cast.application ? scene.cast.bot_name : person(id)?.name ?? id;
}

const mention = (sign, name) => el("span", { class: "mention" }, sign, name);

function spoiler(children) {
  const show = () => node.classList.add("shown");
  const node = el("button", { type: "button", class: "spoiler", onclick: show, title: "Show" }, children);
  return node;
}
