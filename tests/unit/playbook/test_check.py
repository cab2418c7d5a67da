"""Each fault is told by its code, at its place, with what to write instead."""

from __future__ import annotations

import pytest

from orchestration.playbook.codes import CODES
from orchestration.playbook.load import load
from tests.unit.playbook.checking import HEAD, found, told, tree

DEPLOY = "- name: deploy\n  command: /infra deploy --version ${version}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- command: /status\n  retires: 3", ["E010 2:3 retires"]),
        ("- type: paralel\n  branches: [{steps: [{command: /status}]}]", ["E017 1:9 paralel"]),
        ("- name: a b\n  command: /status", ["E015 1:9 a b"]),
        ("- name: then\n  command: /status", ["E015 1:9 then"]),
        ("- name: version\n  command: /status", ["E016 1:3 name: version"]),
        (f"{DEPLOY}{DEPLOY}", ["E016 1:9 deploy", "E016 3:9 deploy"]),
        ("- name: x", ["E012 1:3 name: x"]),
        ("- steps: []", ["E019 1:10 []"]),
        ("- command: /status\n  retry: many", ["E013 2:10 many"]),
        ("- command: /status\n  retry: 99", ["E014 2:10 99"]),
        ("- command: /status\n  timeout: soon", ["E013 2:12 soon"]),
        ("- command: /status\n  timeout: 0", ["E014 2:12 0"]),
        ("- {items: [1], as: n, max_parallel: 0, steps: [{command: /status}]}", ["E014 1:37 0"]),
        ("- command: /status\n  items: [1]", ["E012 1:3 command: /status",
                                             "E012 1:3 command: /status", "E018 1:3 command"]),
        ("- command: /status\n  condition: version = 'x'", ["E030 2:22 ="]),
        ("- command: /status\n  condition: verison == 'x'", ["E031 2:14 verison"]),
        ("- command: /status\n  condition: later.success\n- name: later\n  command: /status",
         ["E032 2:14 later"]),
        ("- name: me\n  command: /status\n  condition: me.success", ["E032 3:14 me"]),
        (DEPLOY + "- command: /status\n  condition: deploy.sucess", ["E034 4:21 sucess"]),
        (DEPLOY + "- command: /status\n  condition: deploy.output.nothing == 1",
         ["E034 4:28 nothing"]),
        ("- command: /status\n  condition: version", ["E035 2:14 version"]),
        ("- command: /status\n  condition: version == 1", ["E035 2:14 version == 1"]),
        (DEPLOY + '- command: /status\n  condition: deploy.status == "succeded"',
         ['W068 4:31 "succeded"']),
        ("- command: /status\n  condition: 1 == 1", ["W066 2:14 1 == 1"]),
        ("- command: /status\n  undo_failed: true", ["W070 1:3 command: /status"]),
        ("- command: /status\n  undo_failed: true\n  undo: /status", []),
        ("- wait: 5\n  undo_failed: true\n  undo: /status", ["W070 1:3 wait: 5"]),
        ("- command: /status\n  condition: false", ["W064 1:3 command: /status",
                                                  "W066 2:14 false"]),
        ("- playbook: nowhere", ["E050 1:13 nowhere"]),
        ("- http: {url: 'https://x.example'}", ["E054 1:3 http: {url: 'https://x.example'}"]),
        ("- shell: [ls, -l]", ["E054 1:3 shell: [ls, -l]"]),
        ("- shell: rm -rf /", ["E013 1:10 rm -rf /", "E054 1:3 shell: rm -rf /"]),
        ("- shell: ['${version}']", ["E046 1:11 '${version}'", "E054 1:3 shell: ['${version}']"]),
    ],
)  # fmt: skip
def test_a_fault_is_told_at_its_place(text: str, expected: list[str]) -> None:
    """Nothing else is told with it."""
    assert sorted(told(text)) == sorted(expected)


@pytest.mark.parametrize(
    ("step", "why", "remedy"),
    [
        ("{command: /status, undo_failed: true}", "has no `undo`", "add `undo: …`"),
        (
            "{wait: 5, undo_failed: true, undo: /status}",
            "does nothing itself",
            "at the steps inside",
        ),
    ],
)
def test_an_undo_of_failures_without_effect_says_why(step: str, why: str, remedy: str) -> None:
    """Each of the two mistakes has a remedy of its own."""
    (one,) = found(HEAD + f"  - {step}\n")

    assert one.message == f"'undo_failed' has no effect: this step {why}"
    assert remedy in one.help


def test_a_branch_cannot_read_what_runs_beside_it() -> None:
    """Behind both it can."""
    text = """
    - name: roll
      branches:
        - name: a
          steps:
            - {name: one, command: /status}
        - name: b
          steps:
            - {command: /status, condition: one.success}
    - {command: /status, condition: one.success}
    """

    assert told(text) == ["E033 8:41 one"]


def test_a_loop_keeps_the_results_of_its_steps_to_itself() -> None:
    """They would be those of many items."""
    text = """
    - name: loop
      items: [1, 2]
      as: n
      steps:
        - {name: inner, command: "/infra scale --instances ${n}"}
        - {command: /status, condition: inner.success && n > 1}
    - {command: /status, condition: inner.success || loop.success}
    - {command: "/infra scale --instances ${n}"}
    """

    assert told(text) == ["E033 7:33 inner", "E033 8:41 n"]


def test_what_runs_only_on_one_way_must_be_asked_for() -> None:
    """So it is in ``finally``, for every step."""
    text = """
    - name: choose
      condition: version == "x"
      then: [{name: then-step, command: /status}]
    - {command: /status, condition: then-step.success}
    - {command: /status, condition: has(then-step) && then-step.success}
    - {command: /status, condition: "default(then-step.success, true)"}
    """

    assert told(text) == ["E036 4:33 then-step"]


def test_finally_may_only_ask_with_care() -> None:
    """It runs in every ending, also before the first step; it knows the error."""
    text = HEAD + DEPLOY + (
        "finally:\n"
        '- command: /notify team "${deploy.status} ${default(error.message, \'fine\')}"\n'
        '- {command: /status, condition: "has(deploy) && deploy.success"}\n'
    )  # fmt: skip

    assert [(one.code, one.span.line) for one in found(text)] == [("E036", 9)]


def test_the_error_is_known_where_there_is_one() -> None:
    """In ``on_failure`` and in ``retry.when``, nowhere else."""
    text = """
    - command: /status
      retry: {max: 2, when: error.type != "denied"}
      on_failure:
        - command: /notify team "${error.message}"
      on_success:
        - command: /notify team "${error.message}"
    """

    assert told(text) == ["E031 6:32 error"]


def test_the_same_name_on_two_ways_is_ambiguous_behind_them() -> None:
    """Unless nobody asks."""
    text = """
    - branches:
        - {name: a, steps: [{name: same, command: /status}]}
        - {name: b, steps: [{name: same, command: /status}]}
    - {command: /status, condition: same.success}
    """

    assert told(text) == ["E037 4:33 same"]


def test_a_secret_is_only_used_where_it_stays_one() -> None:
    """Headers and settings, not lines, conditions or outputs."""
    text = HEAD + (
        "- {http: {url: 'https://x.example', headers: {Authorization: '${token}'}}}\n"
        "- {http: {url: 'https://x.example', headers: {Authorization: '${secrets.token}'}}}\n"
        "- {command: '/notify team ${token}', condition: token == 'x'}\n"
        "- {command: '/notify team ${secrets.token}'}\n"
        "secrets: [{name: token, source: environment}]\n"
        "outputs: {leak: '${token}'}\n"
    )

    codes = [(one.code, one.span.line, one.span.column) for one in found(text, http=True)]

    assert sorted(codes) == [
        ("E053", 8, 29), ("E053", 8, 49), ("E053", 9, 29), ("E053", 11, 20),
    ]  # fmt: skip


def test_playbooks_that_run_others_are_followed() -> None:
    """To circles, and to what the inner one is given."""
    inner = tree("name: inner\nparameters: [{name: n, type: int, required: true}]\n"
                 "steps: [{playbook: tried, parameters: {version: x}}]\n")  # fmt: skip
    text = """
    - playbook: inner
      parameters: {n: many}
    - playbook: inner
      parameters: {m: 1}
    """

    assert told(text, {"inner": inner}) == [
        "E051 1:13 inner", "E052 2:19 many", "E051 3:13 inner", "E052 3:13 inner", "E052 4:16 m",
    ]  # fmt: skip


def test_playbooks_go_eight_deep() -> None:
    """Nine are too many, and a wide library costs nothing."""
    books = {
        f"b{n}": tree(f"name: b{n}\nsteps: [{f'{{playbook: b{n + 1}}}, ' * 30}]\n")
        for n in range(1, 8)
    }
    books["b8"] = tree("name: b8\nsteps: [{command: /status}]\n")

    assert told("- playbook: b2", books) == []
    assert told("- playbook: b1", books) == ["E051 1:13 b1"]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("{type: schedule, cron: '0 25 * * *'}", "E055 '25' is no hour"),
        ("{type: schedule, cron: '0 3 31 2 *'}",
         "E055 no month has such a day: this never comes"),
        ("{type: schedule, cron: '0 3 * *'}", "E055 a schedule has five fields, this one 4"),
        ("{type: schedule, cron: '0 3 * * SUN', timezone: M}", "E056 there is no time zone 'M'"),
        ("{type: schedul, cron: '0 3 * * 1-5'}", "E014 'type' is 'schedul'"),
        ("{type: event, source: x}", "E012 a trigger has no 'event'"),
    ],
)  # fmt: skip
def test_triggers_are_checked(trigger: str, expected: str) -> None:
    """When they fire, where, and what for."""
    text = f"name: x\nsteps: [{{command: /status}}]\ntriggers:\n  - {trigger}\n"

    assert [f"{one.code} {one.message}" for one in found(text)] == [expected]


def test_a_trigger_must_give_what_a_run_needs() -> None:
    """Nobody is there to be asked; only whoever calls a webhook can give more."""
    head = "name: x\nparameters: [{name: n, required: true}]\nsteps: [{command: /status}]\n"
    event = "type: event, source: monitoring, event: critical-alert"

    lacking = found(head + f"triggers: [{{{event}}}]\n")
    fixed = found(head + f"triggers: [{{{event}, parameters: {{n: a}}}}]\n")
    read = found(head + f"triggers: [{{{event}, parameters: {{n: '${{event.name}}'}}}}]\n")
    asked = found(head + "triggers: [{type: webhook}]\n")

    assert [one.code for one in lacking] == ["E044"]
    assert (fixed, read, asked) == ((), (), ())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("condition: event.data.labels.service == 'api'", []),
        ("condition: event.nam == 'x'", ["E034 4:55 'event' has no field 'nam'"]),
        ("condition: n == 'x'", ["E031 4:49 a trigger knows no 'n'"]),
        ("condition: 'event.data.x =='", ["E030 4:65 expected a value, found the end"]),
        ("parameters: {n: '${event.data.x}'}", []),
        ("parameters: {n: '${run.id}'}", ["E031 4:57 a trigger knows no 'run'"]),
        ("parameters: {m: '${event.data.x}'}", ["E031 4:51 there is no parameter 'm'"]),
        ("cron: '0 2 * * *'", ["E018 4:38 'cron' means nothing in a trigger of type event"]),
    ],
)
def test_what_a_trigger_reads_is_of_its_event(more: str, expected: list[str]) -> None:
    """Nothing else is known before there is a run; each slip is told on its place."""
    text = (
        "name: x\nparameters: [{name: n, default: a}]\ntriggers:\n"
        f"- {{type: event, source: s, event: e, {more}}}\nsteps: [{{command: /status}}]\n"
    )

    told = [f"{one.code} {one.span.line}:{one.span.column} {one.message}" for one in found(text)]
    assert told == expected


@pytest.mark.parametrize(
    ("step", "warned"),
    [
        ("{method: POST}", ["W075 2:5"]),
        ("{method: PATCH}", ["W075 2:5"]),
        ("{method: POST, idempotency_key: 'k-${run.id}'}", []),
        ("{method: PUT}", []),
        ("{method: DELETE}", []),
        ("{method: GET}", []),
    ],
)
def test_a_call_that_a_kill_would_leave_open_is_warned_of(step: str, warned: list[str]) -> None:
    """What cannot be made again needs a key; the help shows one."""
    text = f"steps:\n  - {{type: http, url: 'https://a.example/x', {step[1:]}\n"
    faults = found(f"name: x\n{text}", http=True)

    told = [f"{one.code} {one.span.line - 1}:{one.span.column}" for one in faults]
    assert told == warned
    assert all("idempotency_key" in one.help for one in faults)


@pytest.mark.parametrize(
    ("key", "warned"),
    [
        ("pay-${run.id}", ["W076"]),
        ("pay-${each.id}", []),
        ("pay-${look.status}", []),
        ("once", ["W076"]),
    ],
)
def test_a_key_in_a_loop_names_the_item(key: str, warned: list[str]) -> None:
    """Else only the first item would be done."""
    text = (
        "name: x\nparameters: [{name: l, type: list, default: [a]}]\nsteps:\n"
        "  - type: foreach\n    items: ${l}\n    as: each\n    steps:\n"
        "      - {name: look, command: /status}\n"
        f"      - {{command: /status production, idempotency_key: '{key}'}}\n"
    )

    assert [one.code for one in found(text)] == warned


@pytest.mark.parametrize(
    ("step", "place"),
    [("http: {url: 'https://x.example'}", "hosts"), ("shell: [ls]", "programs")],
)
def test_what_is_off_is_told_with_where_it_is_allowed(step: str, place: str) -> None:
    """An operator reads what to write."""
    (fault,) = found(f"name: x\nsteps:\n- {step}\n")

    assert fault.code == "E054"
    assert f"`playbooks: {place}` of discovery.yml" in fault.help


def test_secrets_by_name_are_one_fault_that_shows_the_list() -> None:
    """What uses them is no further fault, however often it does."""
    head = "name: x\nsecrets: {token: {env: TOKEN}}\n"
    step = (
        "  - {type: http, url: 'https://a.example/x', headers: {X: '${secrets.token} ${token}'}}\n"
    )

    text = f"{head}steps:\n{step}{step.replace('a.example', 'b.example')}"
    faults = [one for one in found(text) if one.code != "E054"]

    assert [(one.code, one.message) for one in faults] == [("E013", "'secrets' is a mapping")]
    assert "`secrets: [{name: token, source: environment, variable: TOKEN}]`" in faults[0].help


def test_a_step_that_says_parallel_is_shown_its_branches() -> None:
    """The word is a type; what runs at once stands under `branches`."""
    (fault, *_) = found("name: x\nsteps:\n  - parallel: [{name: a, steps: [/status]}]\n")

    assert (fault.code, fault.help) == ("E010", "write `branches: [{name: one, steps: […]}]`")


def test_only_events_bring_values_along() -> None:
    """A clock and a webhook have nothing that an expression could read."""
    head = "name: x\nparameters: [{name: n, default: a}]\nsteps: [{command: /status}]\n"
    text = head + "triggers: [{type: webhook, parameters: {n: '${event.name}'}}]\n"

    assert [f"{one.code} {one.message}" for one in found(text)] == ["E013 'n' is computed"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("release-${n}", []),
        ("${run.id}", ["E031 unknown name 'run'"]),
        ("${timestamp}", ["E031 unknown name 'timestamp'"]),
        ("${look.success}", ["E032 'look' has not run yet here"]),
    ],
)
def test_the_key_of_a_playbook_reads_what_is_known_before_a_run(
    key: str, expected: list[str]
) -> None:
    """What only a run knows would make every key another one."""
    text = (
        f"name: x\nidempotency_key: {key}\nparameters: [{{name: n, default: a}}]\n"
        "steps: [{name: look, command: /status}]\n"
    )

    assert [f"{one.code} {one.message}" for one in found(text)] == expected


def test_a_name_that_looks_like_a_declared_one_is_a_slip() -> None:
    """One that does not is asked for."""
    text = """
    - command: /infra deploy --version ${new_version}
    - command: /infra deploy --region ${zone}
    """

    assert told(text) == ["E031 1:38 new_version", "W063 2:37 zone"]


def test_every_code_says_what_it_is_for() -> None:
    """Errors and warnings have their own letter."""
    assert all(
        code[0] in "EW" and entry.title and entry.explanation for code, entry in CODES.items()
    )


def test_one_run_names_all_faults() -> None:
    """A broken line hides nothing behind it."""
    text = HEAD + (
        "- name: one\n  command: /infra deploi\n"
        "- name: two\n  command: : :\n"
        "- name: three\n  retires: 3\n  command: /test run --siute smoke\n"
    )

    assert [(one.code, one.span.line) for one in found(text)] == [
        ("E002", 9), ("E010", 11), ("E040", 7), ("E041", 12),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "codes"),
    [
        ("{command: /monitor health, idempotency_key: k}", []),
        ("{http: {url: 'https://x.example/'}, idempotency_key: k}", []),
        ("{steps: [/monitor health], idempotency_key: k}", ["E018"]),
        ("{wait: 5s, idempotency_key: k}", ["E018"]),
    ],
)
def test_only_what_reaches_other_systems_has_a_key_for_them(step: str, codes: list[str]) -> None:
    """Anywhere else it would be read and forgotten."""
    loaded = load(f"name: x\nsteps:\n  - {step}\n".encode(), "x.yml")

    assert [one.code for one in loaded.diagnostics] == codes
