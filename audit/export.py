"""Writes records the way other systems read them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Literal

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from audit.record import Record

Format = Literal["jsonl", "csv", "cef", "ocsf"]
FORMATS: tuple[Format, ...] = ("jsonl", "csv", "cef", "ocsf")

COLUMNS = (
    "seq", "timestamp", "user", "user_id", "command", "args", "channel", "result", "phase", "corr",
    "platform", "code", "duration_ms", "detail", "rule", "hash",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CEF_SEVERITY = {"I": 3, "W": 6, "E": 8}
_OCSF_SEVERITY = {"I": (1, "Informational"), "W": (3, "Medium"), "E": (4, "High")}
_OCSF_STATUS = {"success": (1, "Success"), "unknown": (0, "Unknown"), "pending": (0, "Unknown")}
_API_ACTIVITY = 6003
_OTHER_ACTIVITY = 99


def export(records: Iterable[Record], form: Format, *, version: str = "") -> Iterator[str]:
    """Yield the lines of an export, without their ends; ``version`` is that of the product."""
    if form == "csv":
        yield ",".join(COLUMNS)
    write = _writers(version)[form]
    for record in records:
        yield write(record)


def _writers(version: str) -> Mapping[Format, Callable[[Record], str]]:
    return {
        "jsonl": lambda record: record.line.decode(),
        "csv": _csv,
        "cef": lambda record: _cef(record, version),
        "ocsf": lambda record: _ocsf(record, version),
    }


def _csv(record: Record) -> str:
    cells = [_cell(getattr(record, column)) for column in COLUMNS]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula and that stays on its line."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    text = text.replace("\n", "\\n").replace("\r", "\\r")
    return f"'{text}" if text.startswith(_FORMULA) and text != "-" else text


def _cef(record: Record, version: str) -> str:
    header = "|".join(
        text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("\r", " ")
        for text in ("CEF:0", "tgk", "tgk", version, record.code, record.command)
    )
    extension = {
        "rt": str(_milliseconds(record)),
        "externalId": record.id,
        "suser": record.user,
        "suid": record.user_id,
        "outcome": record.result,
        "reason": record.detail,
        "cs1Label": "channel",
        "cs1": record.channel,
        "cs2Label": "args",
        "cs2": orjson.dumps(record.args).decode(),
        "cs3Label": "corr",
        "cs3": record.corr,
        "cs4Label": "platform",
        "cs4": record.platform,
        "cn1Label": "seq",
        "cn1": str(record.seq),
    }
    pairs = " ".join(f"{name}={_cef_value(text)}" for name, text in extension.items() if text)
    return f"{header}|{_CEF_SEVERITY.get(record.code[-1:], 5)}|{pairs}"


def _cef_value(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("=", "\\=")
    return escaped.replace("\n", "\\n").replace("\r", "\\r")


def _ocsf(record: Record, version: str) -> str:
    severity, severity_name = _OCSF_SEVERITY.get(record.code[-1:], (0, "Unknown"))
    status, status_name = _OCSF_STATUS.get(record.result, (2, "Failure"))
    event = {
        "metadata": {
            "version": "1.3.0",
            "product": {"name": "tgk", "vendor_name": "tgk", "version": version},
            "uid": record.id,
            "sequence": record.seq,
            "correlation_uid": record.corr,
            "event_code": record.code,
        },
        "category_uid": 6,
        "category_name": "Application Activity",
        "class_uid": _API_ACTIVITY,
        "class_name": "API Activity",
        "activity_id": _OTHER_ACTIVITY,
        "activity_name": record.phase,
        "type_uid": _API_ACTIVITY * 100 + _OTHER_ACTIVITY,
        "time": _milliseconds(record),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "status_code": record.result,
        "status_detail": record.detail,
        "duration": None if record.duration_ms is None else round(record.duration_ms),
        "actor": {"user": {"name": record.user, "uid": record.user_id}},
        "api": {"operation": record.command, "request": {"uid": record.corr, "data": record.args}},
        "src_endpoint": {"name": record.channel, "type": record.platform},
        "unmapped": {"hash": record.hash, "rule": record.rule},
    }
    return orjson.dumps(
        {name: value for name, value in event.items() if value not in ("", None)}
    ).decode()


def _milliseconds(record: Record) -> int:
    return int(record.at.timestamp() * 1000)
