"""Widths of words, measured against the bundled font itself."""

from __future__ import annotations

import struct
from functools import cache

import pytest

from orchestration.runs.picture.lettering import drawable, fitted, width, wrapped, xml
from tests.conftest import ROOT

_FONT = ROOT / "integrations" / "fonts" / "DejaVuSans.ttf"


@cache
def _advances() -> dict[str, float]:
    """Return the width of every letter of the font, in parts of its size."""
    data = _FONT.read_bytes()
    (count,) = struct.unpack_from(">H", data, 4)
    records = (struct.unpack_from(">4sIII", data, 12 + 16 * number) for number in range(count))
    at = {tag.decode(): offset for tag, _, offset, _ in records}
    (unit,) = struct.unpack_from(">H", data, at["head"] + 18)
    (metrics,) = struct.unpack_from(">H", data, at["hhea"] + 34)
    found = {}
    for letter, glyph in _glyphs(data, at["cmap"]).items():
        place = at["hmtx"] + 4 * min(glyph, metrics - 1)
        found[letter] = struct.unpack_from(">H", data, place)[0] / unit
    return found


def _glyphs(data: bytes, cmap: int) -> dict[str, int]:
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    offsets = (struct.unpack_from(">HHI", data, cmap + 4 + 8 * n)[2] for n in range(count))
    full = next(cmap + each for each in offsets if data[cmap + each : cmap + each + 2] == b"\0\x0c")
    (groups,) = struct.unpack_from(">I", data, full + 12)
    found = {}
    for number in range(groups):
        first, end, glyph = struct.unpack_from(">III", data, full + 16 + 12 * number)
        found |= {chr(code): glyph + code - first for code in range(first, end + 1)}
    return found


def test_ascii_is_as_wide_as_the_font_draws_it() -> None:
    """Every printable letter, to the unit."""
    for code in range(0x20, 0x7F):
        assert width(chr(code), 1.0) == pytest.approx(_advances()[chr(code)])


@pytest.mark.parametrize(
    "words",
    [
        "Überprüfung der Größe", "Déploiement terminé à l’île", "Развёртывание завершено",
        "Ανάπτυξη ολοκληρώθηκε", "Wdrożenie zakończone · źle → dobrze",
    ],
)  # fmt: skip
def test_other_alphabets_are_measured_nearly_right(words: str) -> None:
    """Within a tenth over a line."""
    real = sum(_advances()[letter] for letter in words)

    assert width(words, 1.0) == pytest.approx(real, rel=0.1)


def test_words_that_fit_stay_whole() -> None:
    """Exactly enough room is enough."""
    assert fitted("deploy-api", width("deploy-api", 14), 14) == "deploy-api"


def test_words_that_do_not_fit_end_with_an_ellipsis() -> None:
    """What is left fits."""
    short = fitted("deploy-api-and-everything-else", 80, 14)

    assert short.startswith("deploy-")
    assert short.endswith("…")
    assert width(short, 14) <= 80


def test_lines_break_between_words() -> None:
    """The last line takes what is left, as far as it fits."""
    lines = wrapped("quota exceeded: 12 of 12 pods are used in eu-west-1", 130, 12, 2)

    assert lines[0] == "quota exceeded: 12"
    assert lines[1].startswith("of 12 pods")
    assert all(width(line, 12) <= 130 for line in lines)


def test_a_word_longer_than_its_line_is_cut() -> None:
    """It never pushes over the edge."""
    lines = wrapped("x" * 90 + " y", 60, 12, 2)

    assert lines[0].startswith("xxx")
    assert max(width(line, 12) for line in lines) <= 60


def test_nothing_to_say_is_no_line() -> None:
    """An empty note takes no room."""
    assert wrapped("  ", 60, 12, 2) == ()


def test_what_the_font_lacks_is_left_out() -> None:
    """Pictograms, joiners and control characters."""
    assert drawable("a\u200d\U0001f680\ufe0f b\tc\nd") == "a b c d"


def test_markup_is_text() -> None:
    """Quotes too, for attributes."""
    assert xml("<a b=\"c\" d='e'>&\x00") == "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;"


def test_a_figure_is_not_parted_from_its_sign() -> None:
    """Wherever the line ends."""
    for room in range(40, 160, 10):
        lines = wrapped("Scale the canary of api to 50 % in production", room, 12, 9)

        assert "50 %" in " ".join(line for line in lines if "50" in line)
