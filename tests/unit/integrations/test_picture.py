"""SVG to PNG."""

from __future__ import annotations

import asyncio
import re
import struct
import sys
import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integrations import picture_worker
from integrations.picture import Pictures
from tgk.chart import line_chart
from tgk.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

_SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect {}/></svg>'
_FILL = 'width="20" height="10" fill="#ff0000"'


def _chart(title: str = "CPU · api") -> str:
    start = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
    points = [(start + timedelta(minutes=at), float(at % 7)) for at in range(60)]
    return line_chart(points, title=title, unit="%", limit=6)


def _size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def _pixels(png: bytes) -> bytes:
    parts = re.findall(rb"(?s)....IDAT", png)
    assert parts
    start = png.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", png[start - 8 : start - 4])
    return zlib.decompress(png[start : start + length])


async def _count_starts(tmp_path: Path) -> tuple[Pictures, Path]:
    """Return pictures whose every drawing leaves a line in a file."""
    log = tmp_path / "starts"
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\necho one >> {log}\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    return Pictures(kept=2, python=str(program)), log


async def test_a_chart_becomes_a_png_of_its_size() -> None:
    """What chat shows is as large as what was drawn."""
    png = await Pictures().png(_chart())

    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert _size(png) == (1280, 280)


async def test_words_are_drawn_without_fonts_of_the_system() -> None:
    """The bundled font is enough: other words make another picture, and no words a third."""
    pictures = Pictures()
    text = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30">{}</svg>'
    words = '<text x="5" y="20" font-family="{}">{}</text>'

    blank = await pictures.png(text.format(""))
    api = await pictures.png(text.format(words.format("Verdana, sans-serif", "api")))
    web = await pictures.png(text.format(words.format("Verdana, sans-serif", "web")))

    assert len({_pixels(blank), _pixels(api), _pixels(web)}) == 3


async def test_the_loop_goes_on_while_a_picture_is_drawn() -> None:
    """Nobody else waits for a drawing."""
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.001)
            beats += 1

    heart = asyncio.ensure_future(beat())
    await Pictures().png(_chart("large").replace('width="1280"', 'width="4000"', 1))
    heart.cancel()

    assert beats >= 5


async def test_the_same_picture_is_drawn_once(tmp_path: Path) -> None:
    """Repeated and simultaneous wishes share one drawing; the oldest is forgotten first."""
    pictures, log = await _count_starts(tmp_path)
    one, two, three = (_chart(title) for title in ("one", "two", "three"))

    first, same = await asyncio.gather(pictures.png(one), pictures.png(one))
    assert first == same
    assert len(log.read_text().split()) == 1

    for svg in (two, one, three, one):
        await pictures.png(svg)
    assert len(log.read_text().split()) == 3

    await pictures.png(two)
    assert len(log.read_text().split()) == 4


@pytest.mark.parametrize(
    ("svg", "why"),
    [
        ("", "width and a height"),
        ("not an svg", "width and a height"),
        ('<svg width="10" height="10"><rect></svg>', "cannot be drawn"),
        ('<svg width="99999" height="10"/>', "too many"),
        ('<svg width="5000" height="5000"/>', "too many"),
        (_SQUARE.format(_FILL) + " " * 1_000_001, "too many"),
        (_SQUARE.format('/><image href="/etc/passwd"'), "other files"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>" + _SQUARE.format(_FILL), "other files"),
        (_SQUARE.format('fill="\ud800" <'), "cannot be drawn"),
    ],
)
async def test_what_cannot_be_drawn_is_refused(svg: str, why: str) -> None:
    """A wrong, huge or reaching SVG is refused with the reason."""
    with pytest.raises(Rejected, match=why):
        await Pictures().png(svg)


async def test_a_drawing_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """The process is killed, and the next picture has its turn."""
    program = tmp_path / "python"
    pid = tmp_path / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec tail -f /dev/null\n")
    program.chmod(0o755)

    with pytest.raises(Unavailable, match="longer than"):
        await Pictures(timeout=0.5, python=str(program)).png(_chart())

    with pytest.raises(ProcessLookupError):
        _signal(int(pid.read_text()))


def _signal(pid: int) -> None:
    import os

    os.kill(pid, 0)


async def test_a_renderer_that_breaks_is_reported(tmp_path: Path) -> None:
    """A crash, and a program that is not there, are outages and not pictures."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)

    with pytest.raises(Unavailable, match="ended with 3"):
        await Pictures(python=str(program)).png(_chart())
    with pytest.raises(Unavailable, match="cannot be started"):
        await Pictures(python=str(tmp_path / "nothing")).png(_chart())


async def test_too_many_waiting_pictures_are_refused() -> None:
    """The queue is bounded, and those in it are served."""
    pictures = Pictures(waiting=2)

    answers = await asyncio.gather(
        *(pictures.png(_chart(str(number))) for number in range(3)), return_exceptions=True
    )

    assert [isinstance(answer, bytes) for answer in answers] == [True, True, False]
    assert isinstance(answers[2], Unavailable)


async def test_the_renderer_sees_no_environment(tmp_path: Path) -> None:
    """Tokens stay with the bot."""
    program, seen = tmp_path / "python", tmp_path / "seen"
    program.write_text(f'#!/bin/sh\n/usr/bin/env > {seen}\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)

    await Pictures(python=str(program)).png(_chart())

    names = {line.split("=")[0] for line in seen.read_text().splitlines()}
    assert names <= {"PWD", "SHLVL", "_", "OLDPWD"}


def test_the_font_travels_with_its_licence() -> None:
    """Slim containers have no fonts, and the licence wants to be beside it."""
    assert picture_worker.FONT.stat().st_size > 500_000
    assert "Bitstream Vera" in picture_worker.FONT.with_name("LICENSE.DejaVu").read_text()


def test_the_renderer_refuses_what_is_no_svg() -> None:
    """The program's own door tells good from bad."""
    assert picture_worker.draw(_chart()).startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=r"."):
        picture_worker.draw("<svg")
