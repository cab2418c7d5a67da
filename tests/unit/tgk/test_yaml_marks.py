"""YAML that is read strictly: traps are refused fast and each fault has its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pace import milliseconds
from tgk.errors import ConfigurationInvalid
from tgk.yaml_marks import Bounds, Document, Mark, read


def faults_of(text: str | bytes, bounds: Bounds | None = None) -> tuple[str, ...]:
    """Return the faults, whether reading stopped at one or went on."""
    source = text if isinstance(text, bytes) else text.encode()
    try:
        document = read(source, "x.yml", bounds)
    except ConfigurationInvalid as refusal:
        return refusal.faults
    return tuple(fault.text("x.yml") for fault in document.faults)


def doc(text: str) -> Document:
    """Read a text without faults."""
    document = read(text.encode(), "x.yml")
    assert document.faults == ()
    return document


def test_values_are_what_they_look_like() -> None:
    """Octal, sexagesimal and dates stay text; numbers, true, false and null do not."""
    text = """{a: 1, b: -2.5, c: true, d: null, e: ~, f: '', g: 010, h: "5:00", i: 5:00,
      j: 2026-01-15, k: 1_000, l: '1', m: "true", n: 0x10, o: [], p: , q: 1e3}"""

    assert doc(text).root.plain() == {
        "a": 1, "b": -2.5, "c": True, "d": None, "e": None, "f": "", "g": "010", "h": "5:00",
        "i": "5:00", "j": "2026-01-15", "k": "1_000", "l": "1", "m": "true", "n": "0x10", "o": [],
        "p": None, "q": "1e3",
    }  # fmt: skip


def test_every_value_and_key_has_its_place() -> None:
    """What is absent has the place of what is around it."""
    document = doc("a:\n  b: [1, {c: 2}]\nd:\n")

    assert document.mark(("a", "b", 1, "c")) == Mark(2, 14)
    assert document.mark(("a", "b", 1, "c"), key=True) == Mark(2, 11)
    assert document.mark(("a", "b", 0)) == Mark(2, 7)
    assert document.mark(("a", "x")) == Mark(2, 3)
    assert document.mark(("d",)) == Mark(3, 1)
    assert document.mark(()) == Mark(1, 1)
    assert document.where(("a", "b")) == "x.yml:2"
    assert document.node(("a", "b", 7)) is None
    assert document.node(("a", "b", 0, "z")) is None


def test_an_alias_has_the_place_of_what_it_stands_for() -> None:
    """A fault in it is mended where it is written."""
    document = doc("a: &x\n  k: 1\nb: *x\n")

    assert document.root.plain() == {"a": {"k": 1}, "b": {"k": 1}}
    assert document.mark(("b", "k")) == Mark(2, 6)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3", '3:1: key "a" stands here twice; it is already on line 1'),
        ('a: 1\n"a": 3', '2:1: key "a" stands here twice; it is already on line 1'),
        ("a: &x {k: 1}\nb: {<<: *x}", "2:5: merge keys (<<) are not read; write the keys out"),
        ("a: !!python/name:os.system x", "1:4: tags (!…) are not read; write the plain value"),
        ("a: !env HOME", "1:4: tags (!…) are not read; write the plain value"),
        ("a: [yes]", '1:5: "yes" could mean a boolean or a word; write true, false or quotes'),
        ("? [a]\n: 1", "1:3: a list, a mapping or an alias cannot be a key; write a plain name"),
        ("a: 1\n---\nb: 2", "2:1: a second document begins here; keep one per file"),
        ("a: *x", "1:4: *x refers to nothing that ended before it; put &x on an earlier value"),
        ("a: &x [*x]", ("1:8: *x refers to nothing that ended before it; "
         "put &x on an earlier value")),
    ],
)  # fmt: skip
def test_traps_are_faults(text: str, fault: str) -> None:
    """Each silently means something else in other readers."""
    assert faults_of(text) == (f"x.yml:{fault}",)


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("a: *", "1:5", "needs quotes"),
        ("a: b: c", "1:5", "quote a value that holds ': '"),
        ("a:\n\tb: 1", "2:1", "indent with spaces"),
        ("a: @x", "1:4", "quote values that begin with @"),
        ("a: [1\nb: 2", "2:2", "close the bracket"),
        ("a: 'x\n", "2:1", "close the quotation mark"),
        ("- a\nb: 1", "2:1", "indent it like"),
        ("a: 1\nb: \x07", "2:4", "mend the line"),
    ],
)
def test_broken_grammar_comes_with_a_hint(text: str, place: str, hint: str) -> None:
    """In words for somebody who does not know the grammar."""
    (fault,) = faults_of(text)

    assert fault.startswith(f"x.yml:{place}: this is not YAML")
    assert hint in fault


def test_bytes_that_are_not_utf8_are_refused() -> None:
    """With the line they are on; a byte order mark is fine."""
    assert faults_of(b"a: 1\nb: \xff") == ("x.yml:2:1: this is not UTF-8; save the file as UTF-8",)
    assert read(b"\xef\xbb\xbfa: 1", "x.yml").root.plain() == {"a": 1}


def test_faults_before_the_one_that_stops_are_kept() -> None:
    """The operator sees as much as could be read, in the order of the file."""
    faults = faults_of("a: 1\na: 2\nb: *")

    assert [fault.split(": ")[0] for fault in faults] == ["x.yml:2:1", "x.yml:3:5"]


def bomb() -> str:
    """Return nine lists of nine aliases each, as in the billion laughs."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (bomb(), "more than 20000 values"),
        ("[" * 20_000, "nested deeper than 24 levels"),
        ("a: " + "[" * 30 + "]" * 30, "nested deeper than 24 levels"),
        ("- x\n" * 25_000, "more than 20000 values"),
        ("a: " + "x" * 300_000, "larger than 256 KiB"),
    ],
)
def test_bombs_are_refused_fast(text: str, what: str) -> None:
    """Before anything is written out, within a fraction of a second."""
    (fault,) = faults_of(text)

    assert what in fault
    assert milliseconds(lambda: faults_of(text), under=500) < 500


@given(st.text(max_size=200))
def test_no_text_crashes_the_reader(text: str) -> None:
    """It is read, or refused with its place."""
    source = text.encode(errors="surrogatepass")

    assert all(fault.startswith("x.yml:") for fault in faults_of(source))
