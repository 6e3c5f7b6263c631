"""The catalogue of diagnostics as ``earthmigrate explain`` prints it."""

from __future__ import annotations

import difflib
import json
import textwrap
from typing import Any

from migrate.diagnostics import Entry
from migrate.mappings import builtin, explanation

_WIDTH = 88


def explained(wanted: str, *, as_json: bool = False) -> str | None:
    """Everything about one code or name; None when there is no such diagnostic."""
    entry = find(wanted)
    long = explanation(entry.code) if entry else None
    if entry is None or long is None:
        return None
    texts = {"what": long.what, "why": long.why, "do": long.do, "before": long.before, "after": long.after}
    if as_json:
        return _json({**_brief(entry), "message": entry.message, "hint": entry.hint, **texts})
    heads = {"what": "What", "why": "Why", "do": "What to do", "before": "Before", "after": "After"}
    parts = [f"{entry.code} {entry.name}\n{entry.severity.label}; grade: {entry.grade.label}"]
    for name, text in texts.items():
        if not text:
            continue
        body = textwrap.fill(text, _WIDTH) if name in ("what", "why", "do") else textwrap.indent(text, "    ")
        parts.append(f"{heads[name]}\n{body}" if name in ("before", "after") else f"{heads[name]}: {body}")
    return "\n\n".join(parts) + "\n"


def listing(*, as_json: bool = False) -> str:
    """All codes, one a line."""
    entries = list(builtin().diagnostics.values())
    if as_json:
        return _json([_brief(entry) for entry in entries])
    widest = max(len(entry.name) for entry in entries)
    return "".join(f"{entry.code}  {entry.name:{widest}}  {entry.severity.label}\n" for entry in entries)


def find(wanted: str) -> Entry | None:
    """The entry of a code (in any case) or a name."""
    text = wanted.strip()
    entries = builtin().diagnostics
    return entries.get(text.upper()) or next((entry for entry in entries.values() if entry.name == text.lower()), None)


def similar(wanted: str) -> list[str]:
    """Codes and names that ``wanted`` may have meant."""
    entries = builtin().diagnostics
    code = wanted.strip().upper()
    by_code = difflib.get_close_matches(code, list(entries), n=len(entries), cutoff=0.75)
    by_code.sort(key=lambda known: next((-at for at, (a, b) in enumerate(zip(known, code, strict=False)) if a != b), 0))
    return by_code[:3] or difflib.get_close_matches(code.lower(), [entry.name for entry in entries.values()], n=3)


def _brief(entry: Entry) -> dict[str, str]:
    return {"code": entry.code, "name": entry.name, "severity": entry.severity.label, "grade": entry.grade.label}


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
