// Telegram's text with its entities, drawn as nested nodes; offsets count UTF-16 units as here.
import { el, link } from "./dom.js";

const TAGS = {
  bold: (c) => el("b", {}, c), italic: (c) => el("i", {}, c), underline: (c) => el("u", {}, c),
  strikethrough: (c) => el("s", {}, c), code: (c, entity, text) => el(/^[█▓▒░▰▱]+$/.test(text) ? "span" : "code", { class: /^[█▓▒░▰▱]+$/.test(text) ? "bar" : null }, c),
  pre: (c) => el("pre", { tabindex: "0" }, c), blockquote: (c) => el("blockquote", {}, c),
  expandable_blockquote: (c) => el("details", {}, el("summary", {}, "More"), el("blockquote", {}, c)),
  spoiler: (c) => el("button", { type: "button", class: "spoiler", onclick: (e) => e.currentTarget.classList.add("shown") }, c),
  text_link: (c, entity) => link(entity.url, c), bot_command: (c) => el("span", { class: "mention" }, c),
  mention: (c) => el("span", { class: "mention" }, c),
  url: (c, entity, text) => link(text, c),
};

/** Return nodes for a text and its entities; those that cross each other are drawn as plain text. */
export function formatted(text, entities = []) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return within(text, sorted, 0, text.length);
}

function within(text, entities, start, end) {
  const nodes = [];
  let here = start, place = 0;
  while (place < entities.length) {
    const entity = entities[place];
    const last = entity.offset + entity.length;
    place += 1;
    if (entity.offset < here || last > end) continue;
    const inside = [];
    while (place < entities.length && entities[place].offset < last) inside.push(entities[place++]);
    if (entity.offset > here) nodes.push(text.slice(here, entity.offset));
    const children = within(text, inside, entity.offset, last);
    const build = TAGS[entity.type];
    nodes.push(...(build ? [build(children, entity, text.slice(entity.offset, last))] : children));
    here = last;
  }
  if (here < end) nodes.push(text.slice(here, end));
  return nodes;
}
