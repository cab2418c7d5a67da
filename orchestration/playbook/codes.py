"""The catalogue of faults: what each code means, for ``--explain`` and for machines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One rule: its short title, and why it is one."""

    title: str
    explanation: str


CODES: dict[str, Code] = {
    "E001": Code(
        "too large",
        "A playbook holds at most 256 KiB, 24 levels and 20,000 values. Move parts into playbooks "
        "of their own and run them with `playbook: NAME`.",
    ),
    "E002": Code("not YAML", "The file cannot be read as YAML from this place on."),
    "E003": Code(
        "anchors, aliases, tags or merge keys",
        "They make a file mean something else than it shows. Put what is shared into a playbook "
        "of its own, or into `variables`.",
    ),
    "E004": Code("tab in the indentation", "YAML is indented with spaces alone."),
    "E005": Code(
        "word that could be a boolean",
        "`yes`, `no`, `on` and `off` mean true or false to some readers and a word to others.",
    ),
    "E006": Code("not UTF-8", "A playbook is saved as UTF-8."),
    "E010": Code("unknown key", "The key means nothing here; it would be ignored silently."),
    "E011": Code("duplicate key", "Of two keys with one name other readers keep the last one."),
    "E012": Code("missing key", "Without this key it is not known what to do."),
    "E013": Code("wrong kind of value", "Another kind of value belongs here."),
    "E014": Code("value out of range", "The value is not one of those that can be used here."),
    "E015": Code(
        "unusable name",
        "Names begin with a letter and hold letters, digits, `-` and `_`, so that expressions "
        "can use them. Some words name parts of a step and cannot name one.",
    ),
    "E016": Code("duplicate name", "Two things that expressions call by one name."),
    "E017": Code(
        "unknown type of step",
        "`type` is a kind of step, or a free label of a step with a `command`. A label that looks "
        "like a kind is taken for a slip of the pen.",
    ),
    "E018": Code(
        "key of another kind of step", "The key is known, but not to this kind of step."
    ),
    "E019": Code("nothing to do", "A list of steps that is there holds at least one."),
    "E020": Code(
        "item without its first line",
        "What follows cannot belong to the item before it: it says the same again, or something "
        "of another kind. An item of a list begins with `- `.",
    ),
    "E030": Code("expression cannot be read", "What stands in the condition or in `${…}`."),
    "E031": Code("unknown name", "Nothing of that name is declared in the playbook."),
    "E032": Code(
        "used before it has run",
        "Steps run from top to bottom; the result of one that comes later does not exist yet.",
    ),
    "E033": Code(
        "result of another branch",
        "Branches run at once, and steps of a loop once for each item: their results cannot be "
        "read from beside or from behind.",
    ),
    "E034": Code("unknown field of a result", "The step has no such result."),
    "E035": Code(
        "not true or false",
        "Conditions are strict: text and numbers are neither true nor false. Compare them.",
    ),
    "E036": Code(
        "result that may not exist",
        "`finally` runs in every ending, also before the step has begun. Ask `has(step)` or give "
        "a `default(…)`.",
    ),
    "E037": Code(
        "ambiguous name", "Two steps of that name may be meant; give one of them another name."
    ),
    "E040": Code("unknown command", "A step can only run commands that the system offers."),
    "E041": Code("unknown option", "The command has no such option."),
    "E042": Code("value that the option does not take", "The command would refuse this value."),
    "E043": Code("option given twice", "It would be left to chance which value counts."),
    "E044": Code("missing value", "The command needs it."),
    "E045": Code(
        "not a shell",
        "A command is no shell line: nothing is piped, chained or redirected. Quote the character "
        "if it is meant, or write a second step.",
    ),
    "E046": Code(
        "computed command or option",
        "Which command runs, and with which options, stands in the file; only values are filled "
        "in. So a value can never become an option.",
    ),
    "E047": Code("one word too many", "The command has no place for this word."),
    "E048": Code("command line cannot be read",
        "A quotation mark is not closed, a character cannot be seen, or it is not clear where free "
        "text ends: it goes on to the next word with `--`, unless it stands in quotes.",
    ),
    "E050": Code("unknown playbook", "The playbook that is to run does not exist."),
    "E051": Code(
        "playbooks that run one another", "A playbook may run others up to eight deep, and none "
        "that leads back to itself.",
    ),
    "E052": Code("parameter of another playbook", "It does not fit what that playbook declares."),
    "E053": Code(
        "secret where it could be seen",
        "Secrets are filled in where they are used: in headers and bodies of `http`, in settings "
        "of integrations. Command lines, conditions and outputs are shown and stored.",
    ),
    "E054": Code(
        "kind of step that is switched off",
        "`http` and `shell` reach outside of the commands; an operator has to allow them.",
    ),
    "E055": Code("schedule that cannot be read", "Five fields: minute hour day month weekday."),
    "E056": Code("unknown time zone", "A name of the time zone database, as in Europe/Berlin."),
    "E058": Code(
        "host or program that is not allowed",
        "An operator lists what `http` and `shell` may reach under `playbooks:` of discovery.yml.",
    ),
    "E059": Code(
        "approval that cannot be given",
        "Fewer people could say yes than it needs: whoever started the run has no vote, and the "
        "others need the right to /approve.",
    ),
    "W057": Code("not in a draft", "What was imported starts nothing by itself until approved."),
    "W060": Code("playbook without a name", "It is called after its file."),
    "W061": Code(
        "version that is a number", "YAML reads 1.10 as 1.1; quotes keep what is written."
    ),
    "W062": Code("required, with a default", "The default is used when nothing is given, so "
        "`required` says nothing."),
    "W063": Code(
        "undeclared parameter",
        "A name that is declared nowhere is asked for like a required parameter. Declare it, so "
        "that it has a type and a description.",
    ),
    "W064": Code("never runs", "No way leads to this step."),
    "W065": Code(
        "undeclared secret",
        "It is looked for in the environment by this name, as far as the operator allows it. "
        "Declare it under `secrets`.",
    ),
    "W066": Code("condition that is always the same", "It depends on nothing of the run."),
    "W068": Code(
        "comparison that never holds", "The value is one of a few, and this is none of them."
    ),
    "W069": Code(
        "parameters named like parts of one",
        "`parameters` holds one entry for each of them; these look like the parts of a single "
        "one, which begins with `- name: …`.",
    ),
    "W070": Code(
        "undo_failed without effect",
        "It lets `undo` run also when this step itself failed after it was begun. So it needs an "
        "`undo`, and a step that acts itself: a command, `http` or `shell`.",
    ),
    "W071": Code(
        "undo that others can come between",
        "The command goes back from whatever is there: to the version before, to the newest "
        "backup. Unless the playbook has a lock on the same thing from beginning to end, another "
        "run can change it between the step and its `undo`, and is then taken back in its stead.",
    ),
    "W072": Code(
        "tab before a value",
        "Nobody sees it, and some readers of YAML refuse it. A space stands between the colon and "
        "the value.",
    ),
    "W073": Code(
        "text among numbers",
        "One entry of a list looks like a number with a slip in it; the others are numbers.",
    ),
    "W074": Code(
        "same step twice",
        "Two steps without a name follow one another and say the same, as when a line was copied. "
        "A name tells that it is meant.",
    ),
    "W075": Code(
        "call that is not made again",
        "A POST or PATCH that a restart of the bot cuts off may have been done or not; made again "
        "it could be done twice. So the step ends as unknown and fails. With an `idempotency_key` "
        "it is made again under the same key, and the other side does it once, if it heeds the "
        "header Idempotency-Key.",
    ),
    "W076": Code(
        "one key for every item",
        "Under one key the other side does a thing once. In a loop the key names the item as well.",
    ),
    "W067": Code("nothing to run", "The file declares something, but has no steps."),
}  # fmt: skip
