// The round picture beside a name: initials on the person's own colour.
import { el } from "./dom.js";
import { display, hueOf } from "./scene.js";

/** Return the picture of a person, or of the bot. */
export function avatar(name, isBot = false) {
  if (isBot) return el("img", { class: "avatar bot", src: "/page/mark.svg", alt: "" });
  const letters = display(name).slice(0, 2);
  return el("span", { class: "avatar", "aria-hidden": "true", style: { "--hue": hueOf(name) } }, letters);
}
