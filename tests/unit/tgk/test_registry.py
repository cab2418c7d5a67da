"""What the registry makes of files that an operator adds."""

from __future__ import annotations

import importlib
import textwrap
from typing import TYPE_CHECKING

import pytest

from tgk.errors import ConfigurationInvalid
from tgk.registry import collect

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

GOOD = '''
from __future__ import annotations

from tgk.command import Request, command


class Restart(Request):
    """Restart a service."""


@command("restart", permission="restart")
async def restart(request: Restart, context):
    """Do it."""
'''


def package_of(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> ModuleType:
    """Return a package of commands with these files, which is on the path."""
    name = f"shop_{folder.name}".replace("-", "_")
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text('"""Commands."""\n')
    for stem, text in files.items():
        (folder / name / f"{stem}.py").write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(str(folder))
    return importlib.import_module(name)


def faults_of(package: ModuleType) -> list[str]:
    """Return what is wrong with a package, its own name taken out."""
    with pytest.raises(ConfigurationInvalid) as caught:
        collect(package)
    return [fault.replace(package.__name__, "commands") for fault in caught.value.faults]


def test_modules_without_a_command_are_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that others share needs no command of its own."""
    package = package_of(tmp_path, monkeypatch, restart=GOOD, words="HELLO = 1\n")

    assert ["restart"] == [entry.name for entry in collect(package)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("X = 1\n\nclass A(Request): ...\n", "3 cannot be used: NameError: name 'Request' is not"),
        ("X = 1\ndef broken(:\n", "2 cannot be used: SyntaxError: "),
        ("import nosuchmodule_anywhere\n", "1 cannot be used: ModuleNotFoundError: No module"),
        ("\n\nraise RuntimeError()\n", "3 cannot be used: RuntimeError: "),
        (
            GOOD.replace("request: Restart", "request: Restrat"),
            "11 cannot be used: TypeError: the first parameter of restart must be a Request",
        ),
        (
            GOOD.replace('"""Restart a service."""', "..."),
            "11 cannot be used: TypeError: Restart has no docstring, and its first line",
        ),
    ],
    ids=["name", "syntax", "import", "raise", "request", "docstring"],
)
def test_a_file_that_cannot_be_imported_is_named_with_its_line(
    text: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clear fault instead of a crash."""
    package = package_of(tmp_path, monkeypatch, restart=text)

    (told,) = faults_of(package)

    assert told.startswith(f"commands/restart.py line {fault}")


def test_every_file_that_fails_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that one look is enough, and what to do stands below."""
    package = package_of(tmp_path, monkeypatch, one="1 / 0\n", two="import nosuch_thing\n")

    with pytest.raises(ConfigurationInvalid, match=r"move it out of shop_") as caught:
        collect(package)

    assert 2 == len(caught.value.faults)


def test_a_folder_that_fails_does_not_hide_the_files_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package inside the package is told like a file."""
    package = package_of(tmp_path, monkeypatch, zoo="1 / 0\n")
    inner = tmp_path / package.__name__ / "inner"
    inner.mkdir()
    (inner / "__init__.py").write_text("\nlost\n")

    assert [
        "commands/inner/__init__.py line 2 cannot be used: NameError: name 'lost' is not defined",
        "commands/zoo.py line 1 cannot be used: ZeroDivisionError: division by zero",
    ] == faults_of(package)
