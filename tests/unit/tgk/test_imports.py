"""What a library imports without need is left out, or imported when it is used."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from tgk.imports import left_out, named_only, postponed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a package ``driver_x`` that notes its import, and a library ``library_x`` over it."""
    package = tmp_path / "driver_x"
    package.mkdir()
    (package / "__init__.py").write_text("from driver_x import faults\nspeed = 7\n")
    (package / "faults.py").write_text("class Broken(Exception): pass\n")
    (tmp_path / "library_x.py").write_text(
        "import driver_x\nfrom driver_x import faults\n"
        "def speed(): return driver_x.speed\n"
        "def broken(error): return isinstance(error, (faults.Broken, driver_x.faults.Broken))\n"
    )
    (tmp_path / "eager_x.py").write_text("from driver_x import speed\n")
    (tmp_path / "modest_x.py").write_text(
        "try:\n    import driver_x\nexcept ImportError:\n    driver_x = None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    names = ("driver_x", "driver_x.faults", "library_x", "eager_x", "modest_x")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return "driver_x"


def test_a_postponed_package_is_imported_when_it_is_first_used(driver: str) -> None:
    """Importing its user imports it not; asking its user does, and gets its own answer."""
    with postponed(driver, "faults"):
        library = importlib.import_module("library_x")
    assert driver not in sys.modules
    assert library.speed() == 7
    assert driver in sys.modules


def test_classes_of_a_postponed_package_are_its_own(driver: str) -> None:
    """An error of the real package is known by whoever saw the stand-in."""
    with postponed(driver, "faults"):
        library = importlib.import_module("library_x")
    real = importlib.import_module(f"{driver}.faults")
    assert library.broken(real.Broken())
    assert not library.broken(ValueError())


def test_a_package_that_is_used_while_it_is_postponed_is_imported_at_once(driver: str) -> None:
    """Its user gets the value, and nothing of the stand-in is left."""
    with postponed(driver, "faults"):
        assert importlib.import_module("eager_x").speed == 7
        assert sys.modules[driver].speed == 7
    assert sys.modules[driver].speed == 7


def test_a_package_that_is_imported_already_is_not_postponed(driver: str) -> None:
    """Its user gets the package itself."""
    real = importlib.import_module(driver)
    with postponed(driver, "faults"):
        assert importlib.import_module("library_x").driver_x is real
    assert sys.modules[driver] is real


def test_what_is_left_out_cannot_be_imported_in_the_block_and_can_after_it(driver: str) -> None:
    """A library that can do without it does."""
    with left_out(driver):
        assert importlib.import_module("modest_x").driver_x is None
    assert importlib.import_module(driver).speed == 7


def test_what_is_imported_already_is_not_left_out(driver: str) -> None:
    """Nobody loses a module that is in use."""
    real = importlib.import_module(driver)
    with left_out(driver):
        assert importlib.import_module("modest_x").driver_x is real
    assert sys.modules[driver] is real


def test_what_is_only_named_gives_empty_classes_in_the_block_and_itself_after_it(
    driver: str,
) -> None:
    """Annotations are served, nothing is an instance, and no stand-in stays."""
    with named_only(driver):
        named = importlib.import_module(driver)
        assert named.Session is named.Session
        assert not isinstance(driver, named.Session)
    assert driver not in sys.modules
    assert importlib.import_module(driver).speed == 7


def test_what_is_imported_already_is_not_only_named(driver: str) -> None:
    """It is there, so nothing is saved."""
    real = importlib.import_module(driver)
    with named_only(driver):
        assert importlib.import_module(driver) is real
    assert sys.modules[driver] is real
