"""Runs drawn as graphs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from orchestration.runs.picture import gantt, graph, look
from orchestration.runs.picture.lettering import width
from tests.unit.runs.run_stories import (
    NOW,
    at,
    checks,
    choice,
    last,
    regions,
    rollouts,
    run,
    second_generation,
    step,
    taken_back,
    thirteen,
)
from tgk.ports.runs import ENDED, RunState, StepState

if TYPE_CHECKING:
    from tgk.ports.runs import RunView

_SVG = "{http://www.w3.org/2000/svg}"


def _drawn(view: RunView) -> ET.Element:
    return ET.fromstring(graph(view, now=NOW).svg)  # noqa: S314 - our own drawing


def _texts(view: RunView) -> list[str]:
    return [element.text or "" for element in _drawn(view).iter(f"{_SVG}text")]


def _cards(view: RunView) -> dict[str, ET.Element]:
    """Return the plate of each card, by the path of its step."""
    found = {}
    for group in _drawn(view).iter(f"{_SVG}g"):
        if group.get("data-path"):
            plates = [each for each in group.iter(f"{_SVG}rect") if each.get("stroke-width") != "6"]
            found[group.get("data-path", "")] = plates[0]
    return found


def _box(plate: ET.Element) -> tuple[float, float, float, float]:
    x, y, wide, high = (float(plate.get(name, "")) for name in ("x", "y", "width", "height"))
    return x, y, x + wide, y + high


def _views() -> dict[str, RunView]:
    many = [step(f"s{number}", "succeeded", number, 1) for number in range(60)]
    return {
        "nothing": run([]),
        "thirteen": thirteen(),
        "rolled back": taken_back(),
        "second generation": second_generation(),
        "sixty": run(many),
        "items": run([regions(["succeeded"] * 50 + ["failed"] + ["pending"] * 20)]),
        "long words": run([step("a", "failed", 0, 1, name="x" * 500, note="why " * 300)]),
        "deep": run([_nested(12)]),
    }


def _nested(depth: int, path: str = "g") -> object:
    if not depth:
        return step(f"{path}/leaf", "running", 0)
    inner = _nested(depth - 1, f"{path}/g")
    return step(path, "running", 0, kind="group", steps=(inner,))


def test_a_card_says_name_state_time_and_attempt() -> None:
    """A reader sees what is tried how often for how long."""
    words = _texts(thirteen())

    assert {"deploy-api", "attempt 2 of 4", "3 m 31 s"} <= set(words)
    assert "1 m 02 s" in words


def test_an_approval_says_how_many_said_yes() -> None:
    """One of two is not enough, and the card says so."""
    words = _texts(run([choice("waiting")], "waiting"))

    assert "1 of 2 yes · waits for the council" in " ".join(words)


def test_steps_that_follow_stand_below_and_branches_beside() -> None:
    """Position is order."""
    cards = _cards(thirteen())
    first, second = _box(cards["validate-prerequisites"]), _box(cards["backup-current"])
    web, api = _box(cards["roll/frontend/deploy-frontend"]), _box(cards["roll/api/deploy-api"])

    assert first[3] < second[1]
    assert web[1] == api[1]
    assert web[2] < api[0]


@pytest.mark.parametrize("name", _views())
def test_no_two_cards_overlap_and_none_leaves_the_picture(name: str) -> None:
    """Whatever the run, every card is readable."""
    view = _views()[name]
    boxes = [_box(plate) for plate in _cards(view).values()]
    _, _, wide, high = map(float, _drawn(view).get("viewBox", "").split())

    for number, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        assert top >= 0
        assert right <= wide
        assert bottom <= high
        for other in boxes[number + 1 :]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart


@pytest.mark.parametrize("name", _views())
def test_no_side_is_longer_than_two_thousand_pixels(name: str) -> None:
    """Chats shrink what is larger until nobody can read it."""
    root = _drawn(_views()[name])

    assert max(int(root.get("width", "")), int(root.get("height", ""))) <= 2000


@pytest.mark.parametrize("name", _views())
def test_words_stay_within_their_cards(name: str) -> None:
    """Measured by the font, no line of a card is wider than the card."""
    for group in _drawn(_views()[name]).iter(f"{_SVG}g"):
        if not group.get("data-path"):
            continue
        plates = [_box(plate) for plate in group.iter(f"{_SVG}rect")]
        for words in group.iter(f"{_SVG}text"):
            wide = width(words.text or "", float(words.get("font-size", "")))
            if words.get("text-anchor") != "end":
                end = float(words.get("x", "")) + wide
                assert end <= max(right for _, _, right, _ in plates)


def test_more_branches_than_have_room_are_drawn_in_rows() -> None:
    """Seven branches stand in three rows, as wide as a chat shows them."""
    branches = tuple(
        step(f"p/b{n}", kind="branch", steps=(step(f"p/b{n}/deploy"),)) for n in range(7)
    )
    cards = _cards(run([step("p", "running", kind="parallel", steps=branches)]))

    tops = [_box(plate)[1] for plate in cards.values()]
    assert [tops.count(top) for top in sorted(set(tops))] == [3, 3, 1]


@pytest.mark.parametrize("name", ["thirteen", "rolled back", "second generation", "sixty", "items"])
def test_the_smallest_words_can_be_read_where_a_chat_shows_the_picture(name: str) -> None:
    """At the 550 pixels that Discord gives it, no letter is smaller than 11 pixels."""
    view = _views()[name]
    for svg in (graph(view, now=NOW).svg, gantt(view, now=NOW).svg):
        wide = float(re.findall(r'viewBox="0 0 ([0-9.]+)', svg)[0])
        sizes = [float(each) for each in re.findall(r'font-size="([0-9.]+)"', svg)]

        assert min(sizes) * 550 / wide >= 11


def test_a_long_name_goes_before_the_time_beside_it() -> None:
    """What took how long is read below the name then."""
    words = _texts(run([step("validate-prerequisites-of-all", "succeeded", 0, 72)]))

    assert {"validate-prerequisites-of-all"[:20]} <= {word[:20] for word in words}
    assert "1 m 12 s" in words


def test_items_that_are_over_become_a_count() -> None:
    """What is under way or failed is still shown by name."""
    words = _texts(run([regions(["succeeded"] * 11 + ["running", "failed"] + ["pending"] * 9)]))

    assert {"11 items done", "region-12", "region-13", "9 items to come"} <= set(words)
    assert "region-3" not in words


def test_few_items_are_all_shown() -> None:
    """Three regions are three cards."""
    words = _texts(run([regions(["succeeded", "running", "pending"])]))

    assert {"region-1", "region-2", "region-3"} <= set(words)


def test_a_branch_not_taken_is_dashed() -> None:
    """It is told from what is still to come by its line and its word."""
    cards = _cards(run([choice("waiting")], "waiting"))
    rims = {path: plate.get("stroke-dasharray") for path, plate in cards.items()}

    assert rims == {"gate/then/council-approval": None, "gate/else/fast-check": "5 4"}


def test_a_kept_step_says_where_it_is_from() -> None:
    """A second generation tells its own work from what it took over."""
    words = _texts(second_generation())

    assert {"kept", "from WF-2026-001", "goes on from WF-2026-001"} <= set(words)


def test_a_handler_that_was_not_needed_is_one_faint_card() -> None:
    """Its steps are named, and take no room."""
    assert "rollback, tell" in _texts(second_generation())


def test_what_a_step_found_is_not_cut_where_a_second_line_holds_it() -> None:
    """An ellipsis would hide where it was done."""
    note = "Deploy canary api v1.5.0 at 5 % → production: done"
    words = " ".join(_texts(run([step("deploy", "succeeded", 0, 1, note=note)])))

    assert note.removesuffix(": done") in words
    assert "…" not in words


def test_an_item_that_was_never_reached_is_not_counted_as_over() -> None:
    """Of three, the second failed and the third was left."""
    items = regions(["succeeded", "failed", "skipped"])
    words = _texts(run([items.model_copy(update={"state": "failed"})], "failed"))

    assert "regions · 2 of 3 items · failed" in words


def test_what_was_rolled_back_is_not_one_of_the_steps_that_are_done() -> None:
    """However little room there is."""
    many = [step(f"s{number}", "succeeded", number, 1) for number in range(60)]
    undoes = (step("undo/a", "succeeded", 70, 1), step("undo/b", "succeeded", 71, 1))
    words = _texts(run([*many, last()], "rolled_back", undoes=undoes))

    assert "rolled back" in words
    assert not any("rolled back" in word for word in words if "s1, s2" in word)


def test_handlers_that_were_not_needed_give_room() -> None:
    """Where the whole does not fit; the steps themselves stay."""
    spare = (step("x/on_failure/tell-everybody"), step("x/on_failure/take-it-back"))
    many = [
        step(f"s{number}", "succeeded", number, 1, steps=spare, name=f"step-{number}")
        for number in range(16)
    ]
    words = _texts(run(many, "succeeded"))

    assert {"step-0", "step-15"} <= set(words)
    assert "on failure" not in words


def test_a_handler_that_ran_is_drawn_in_full() -> None:
    """The rollback has its own state and time."""
    cards = _cards(thirteen())
    failed = _box(cards["roll/workers/deploy-workers"])
    handler = _box(cards["roll/workers/deploy-workers/on_failure/rollback"])

    assert handler[0] > failed[2]
    assert handler[1] == failed[1]


def test_what_was_taken_back_stands_at_the_end() -> None:
    """In the order in which it was done."""
    cards = list(_cards(taken_back()))

    assert cards[-2:] == ["undo/switch", "undo/backup"]


def test_a_pause_is_marked_where_the_run_goes_on() -> None:
    """Between what is done and what is to come, with reason and end."""
    steps = [*checks(), choice()]
    svg = graph(run(steps, "paused", reason="look first", until=at(2000)), now=NOW).svg
    going = graph(run(steps, reason="look first"), now=NOW).svg

    path = look.RUN_SIGNS["paused"].path
    assert svg.count(path) == 2
    assert going.count(path) == 0
    assert "look first · goes on in 28 m 49 s" in svg


def test_foreign_words_cannot_become_markup() -> None:
    """Names, notes and reasons are text whatever they hold."""
    evil = '"/><script>alert(1)</script><image href="file:///etc/passwd"/>'
    branch = step("p/b", kind="branch", name=evil, steps=(step(f"p/b/{evil}", name=evil),))
    view = run(
        [step("a", "failed", 0, 1, name=evil, note=evil),
         step("p", "running", kind="parallel", name=evil, steps=(branch,))],
        "failed", reason=evil, playbook=evil, previous=evil, id=evil, cause=evil,
        parameters={"version": evil, "environment": evil},
    )  # fmt: skip

    tags = {element.tag.removeprefix(_SVG) for element in _drawn(view).iter()}
    assert tags == {"svg", "g", "rect", "path", "circle", "text"}


def test_control_characters_and_pictograms_are_left_out() -> None:
    """The picture stays well formed and has no empty boxes for what the font lacks."""
    words = _texts(run([step("a", name="\x00dep\x1bloy \U0001f680 now\u202e")]))

    assert "dep loy now" in words


def test_every_state_has_a_sign_and_a_colour_that_can_be_read() -> None:
    """Words on cards have a contrast of at least 4.5 to 1."""
    assert set(look.SIGNS) == set(StepState.__args__)  # type: ignore[attr-defined] # a Literal
    assert set(look.RUN_SIGNS) == set(RunState.__args__)  # type: ignore[attr-defined] # likewise
    assert set(look.RUN_SIGNS) >= ENDED
    inks = {sign.words for sign in (*look.SIGNS.values(), *look.RUN_SIGNS.values())}
    for ink in inks | {look.INK, look.SOFT, look.FAINT}:
        for ground in (look.GROUND, look.CARD, look.FRAME):
            assert _contrast(ink, ground) >= 4.5


def test_the_alternative_tells_the_same() -> None:
    """State, progress, reason and every step are there in words."""
    alt = graph(run([*checks(), last()], "paused", reason="look first"), now=NOW).alt

    assert alt.splitlines() == [
        "deploy-web-app WF-2026-001: paused",
        "production · v1.4.0 · dana 10:04 UTC · 4 m 31 s · 2 of 3 steps",
        "look first",
        "✓ validate-prerequisites · 12 s",
        "✓ backup-current · 41 s · pre-deploy-20260115T100412",
        "· finally",
        "  · tell-the-team",
    ]


def test_the_alternative_fits_where_chats_put_it() -> None:
    """A long run ends with how much is left out."""
    steps = [step(f"step-{number}", "succeeded", number, 1) for number in range(90)]
    alt = graph(run(steps), now=NOW).alt

    assert len(alt) <= 1000
    assert re.search(r"… and \d+ more lines$", alt)


def test_the_same_run_is_the_same_picture() -> None:
    """Pictures can be remembered by what they show."""
    assert graph(thirteen(), now=NOW) == graph(thirteen(), now=NOW)


def _contrast(ink: str, ground: str) -> float:
    lights = sorted((_light(ink), _light(ground)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _light(colour: str) -> float:
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_whole_parallel_group_can_be_summed_up() -> None:
    """A run of many groups is drawn with those that are over as one card each."""
    groups = [
        rollouts().model_copy(update={"state": "succeeded", "name": f"rollout {number}"})
        for number in range(12)
    ]
    words = _texts(run([*groups, step("after", "running", 0)]))

    assert "5 steps" in words
    assert "deploy-frontend" not in words
    assert "after" in words


def test_items_are_counted_once_they_are_known() -> None:
    """Before that there is only what is done for each of them."""
    inner = (step("shares/widen"), step("shares/watch"), step("shares/compare"))
    unknown = graph(run([step("shares", kind="foreach", steps=inner)]), now=NOW).svg
    known = graph(run([regions(["succeeded", "pending"])]), now=NOW).svg

    assert "shares · for each item" in unknown
    assert "of 3 items" not in unknown
    assert "regions · 1 of 2 items" in known


def test_what_a_count_says_already_is_not_said_again() -> None:
    """Nor that something is done that has its mark."""
    loop = regions(["succeeded", "succeeded"]).model_copy(
        update={"state": "succeeded", "note": "2 of 2"}
    )
    svg = graph(run([loop, step("look", "succeeded", 0, 1, note="Health of api: done")]), now=NOW)

    assert "regions · 2 of 2 items<" in svg.svg
    assert "Health of api<" in svg.svg


def test_handlers_that_were_not_needed_are_no_steps_that_were_done() -> None:
    """A count of what is over counts what its names name."""
    unused = step("a/on_failure/#1", "skipped", name="/back")
    first = step("a", "succeeded", 0, 1, steps=(unused,))
    many = [step(f"s{n:02}", kind="group", steps=(step(f"s{n:02}/x"),)) for n in range(40)]
    words = " ".join(_texts(run([first, step("b", "succeeded", 1, 2), *many])))

    assert "2 steps done" in words


@pytest.mark.parametrize(("state", "segments"), [("succeeded", 2), ("failed", 3)])
def test_a_success_is_whole_whatever_it_did_not_need(state: RunState, segments: int) -> None:
    """The head has no empty piece for a way not taken; a failure shows what was never reached."""
    view = run([
        step("a", "succeeded", 0, 1), step("b", "succeeded", 1, 1), step("c", "skipped"),
    ], state)  # fmt: skip

    heights = [each.get("height") for each in _drawn(view).iter(f"{_SVG}rect")]

    assert heights.count("5.0") == segments
