// Draws Components V2 from the JSON of a message, exactly as it was sent.
import { el, link } from "./dom.js";
import { inline, markdown } from "./markdown.js";
import { scene } from "./scene.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };
const EVERYBODY = { 5: "people", 6: "roles", 7: "people", 8: "channels" };

/** Return the node of one component; `use(custom_id, values)` is called for a press or a choice. */
export function draw(part, message, use) {
  const build = KINDS[part.type];
  return build ? build(part, message, use) : el("div", { class: "small" }, `(component type ${part.type})`);
}

/** Return the node of a file that came with a message. */
export function attached(file) {
  const isPicture = (file.content_type ?? "").startsWith("image/") || /\.(png|jpe?g|gif|webp)$/i.test(file.filename);
  if (isPicture) return picture(file.url, file.description);
  return el("a", { class: "file", href: local(file.url), download: file.filename },
    el("span", { class: "file-sign", "aria-hidden": "true" }, "📄"),
    el("span", {}, el("b", {}, file.filename), el("small", {}, size(file.size))));
}

/** Return an emoji as text; custom ones by their name. */
export const emoji = (given) => (given ? (given.id ? `:${given.name}:` : given.name) : "");

const KINDS = {
  1: (part, message, use) => el("div", { class: "row" }, part.components.map((each) => draw(each, message, use))),
  2: button,
  3: select, 5: select, 6: select, 7: select, 8: select,
  9: section,
  10: (part) => el("div", { class: "text" }, markdown(part.content)),
  11: (part, message) => el("div", { class: "thumbnail" }, picture(media(part.media, message), part.description, part.spoiler)),
  12: gallery,
  13: file,
  14: (part) => el("hr", { class: `separator ${part.divider === false ? "blank" : ""} ${part.spacing === 2 ? "large" : ""}` }),
  17: container,
};

function container(part, message, use) {
  const colour = part.accent_color;
  const style = colour === null || colour === undefined ? {} : { "--accent": `#${colour.toString(16).padStart(6, "0")}` };
  const classes = `container ${colour === null || colour === undefined ? "" : "accented"} ${part.spoiler ? "veiled" : ""}`;
  return el("div", { class: classes, style }, part.components.map((each) => draw(each, message, use)));
}

function section(part, message, use) {
  return el("div", { class: "section" },
    el("div", {}, part.components.map((each) => draw(each, message, use))),
    part.accessory && draw(part.accessory, message, use));
}

function button(part, message, use) {
  const said = [emoji(part.emoji), part.label].filter(Boolean).join(" ");
  const style = STYLES[part.style] ?? "secondary";
  if (part.url) return link(part.url, el("span", { class: "button link" }, said, " ↗"));
  const press = async (event) => {
    const node = event.currentTarget;
    node.setAttribute("aria-busy", "true");
    await use(part.custom_id);
    node.removeAttribute("aria-busy");
  };
  return el("button", {
    type: "button", class: `button ${style}`, disabled: part.disabled, onclick: press,
    data: { focus: part.custom_id ?? "", press: said },
  }, said);
}

function select(part, message, use) {
  const many = (part.max_values ?? 1) > 1;
  const options = choices(part).map((each) =>
    el("option", { value: each.value, selected: each.default }, [emoji(each.emoji), each.label, each.description && `– ${each.description}`].filter(Boolean).join(" ")));
  const hint = part.placeholder ?? "Choose";
  const choose = (event) => {
    const values = [...event.target.selectedOptions].map((each) => each.value).filter(Boolean);
    if (values.length) use(part.custom_id, values);
  };
  return el("select", { class: "select", disabled: part.disabled, multiple: many, "aria-label": hint, onchange: choose, data: { focus: part.custom_id } },
    !many && el("option", { value: "", selected: !choices(part).some((each) => each.default) }, hint), options);
}

/** Return what a menu offers: its own options, or the people, roles and channels of the guild. */
export function choices(part) {
  if (part.options) return part.options;
  const from = EVERYBODY[part.type];
  const label = (each) => (from === "channels" ? `#${each.name}` : `@${each.name}`);
  return (scene.cast[from] ?? []).map((each) => ({ value: each.discord ?? each.id, label: label(each) }));
}

function gallery(part, message) {
  const shown = part.items.map((each) => picture(media(each.media, message), each.description, each.spoiler));
  return el("div", { class: `gallery of-${Math.min(shown.length, 3)}` }, shown);
}

function file(part, message) {
  const named = part.file.url.replace("attachment://", "");
  const found = message.attachments.find((each) => each.filename === named || each.url === part.file.url);
  return attached(found ?? { filename: part.name ?? named, url: part.file.url, size: part.size ?? 0 });
}

function media(given, message) {
  const named = given.url.replace("attachment://", "");
  return message.attachments.find((each) => each.filename === named)?.url ?? given.url;
}

function picture(address, words, veiled = false) {
  const source = local(address);
  return el("a", { class: `picture ${veiled ? "veiled" : ""}`, href: source, target: "_blank", rel: "noopener" },
    el("img", { src: source, alt: words || "picture without a description", loading: "lazy" }));
}

/** Pictures come from this very server, whatever name the reader used for it. */
function local(address) {
  const url = new URL(address, location.href);
  return url.port === location.port ? url.pathname : "data:,";
}

const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KB`);

/** Return the node of a classic embed, for messages that still carry one. */
export function embed(given) {
  const colour = `#${(given.color ?? 0x4e5058).toString(16).padStart(6, "0")}`;
  return el("div", { class: "container accented", style: { "--accent": colour } },
    given.title && el("div", { class: "h3" }, inline(given.title)),
    given.description && el("div", { class: "text" }, markdown(given.description)),
    (given.fields ?? []).map((each) => el("div", { class: "text" }, el("strong", {}, inline(each.name)), el("div", {}, markdown(each.value)))),
    given.image && picture(given.image.url, given.title),
    given.footer && el("div", { class: "small" }, given.footer.text));
}
