// Whom the person at the page plays: names with their roles, one at a time.
import { avatar } from "./avatar.js";
import { at, el, refill } from "./dom.js";
import { display, put, rolesOf, scene, when } from "./scene.js";

/** Keep the row of people in place; `changed()` runs after somebody else was chosen. */
export function startActors(changed) {
  const draw = () => refill(at("actor"),
    el("span", { class: "actor-label", id: "actor-label" }, "Act as"),
    el("div", { class: "people", role: "radiogroup", "aria-labelledby": "actor-label", onkeydown: move }, scene.cast.people.map(one)));
  const one = (someone) => {
    const chosen = someone.name === scene.actor;
    return el("button", {
      type: "button", role: "radio", class: "someone", "aria-checked": String(chosen), tabindex: chosen ? "0" : "-1",
      onclick: () => choose(someone.name), data: { actor: someone.name },
    }, avatar(someone.name), el("span", {}, el("b", {}, display(someone.name)), el("small", {}, rolesOf(someone))));
  };
  const choose = (name, focus = true) => {
    actAs(name, changed);
    if (focus) at("actor").querySelector('[aria-checked="true"]').focus();
  };
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const names = scene.cast.people.map((each) => each.name);
    choose(names[(names.indexOf(scene.actor) + step + names.length) % names.length]);
  };
  when(["actor"], draw);
  draw();
}

let notify = () => {};

/** Play somebody from now on. */
export function actAs(name, changed) {
  notify = changed ?? notify;
  put({ actor: name, replyTo: null });
  localStorage.setItem("tgk-actor", name);
  notify();
}
