"""Collects every fault of one request body before refusing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sandbox.discord.errors import invalid_form

if TYPE_CHECKING:
    from collections.abc import Collection

    from sandbox.wire import Json

Path: TypeAlias = tuple[str | int, ...]


class Form:
    """Checks fields and remembers what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[tuple[Path, str, str]] = []

    def fault(self, path: Path, code: str, message: str) -> None:
        """Remember one fault."""
        self.faults.append((path, code, message))

    def refuse_if_faulty(self) -> None:
        """Refuse the body if anything was wrong with it."""
        if self.faults:
            raise invalid_form(self.faults)

    def text(self, path: Path, value: Any, low: int, high: int) -> str:
        """Check a text's length; absent counts as missing when ``low`` is above 0."""
        if value is None and low == 0:
            return ""
        if value is None:
            self.fault(path, "BASE_TYPE_REQUIRED", "This field is required")
            return ""
        if not isinstance(value, str):
            self.fault(path, "BASE_TYPE_STRING", "Must be a string.")
            return ""
        if not low <= len(value) <= high:
            self._length(path, low, high, len(value))
        return value

    def items(self, path: Path, value: Any, low: int, high: int) -> list[Json]:
        """Check a list's length and return it."""
        found = value if isinstance(value, list) else []
        if value is not None and not isinstance(value, list):
            self.fault(path, "BASE_TYPE_LIST", "Only iterables may be used in a ListType")
        elif not low <= len(found) <= high:
            message = f"Must be between {low} and {high} in length."
            self.fault(path, "BASE_TYPE_BAD_LENGTH", message)
        return [item for item in found if isinstance(item, dict)]

    def choice(self, path: Path, value: Any, allowed: Collection[Any]) -> bool:
        """Check that a value is one of a few."""
        if value in allowed:
            return True
        listed = ", ".join(str(item) for item in allowed)
        self.fault(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")
        return False

    def number(self, path: Path, value: Any, low: float, high: float) -> None:
        """Check that a number, if given, is inside its bounds."""
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.fault(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif not low <= value <= high:
            self.fault(path, "NUMBER_TYPE_RANGE", f"Value should be between {low} and {high}.")

    def _length(self, path: Path, low: int, high: int, length: int) -> None:
        if low == 0 or (length > high and low == 1):
            self.fault(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        else:
            message = f"Must be between {low} and {high} in length."
            self.fault(path, "BASE_TYPE_BAD_LENGTH", message)
