"""Files that build images in ways of their own: found by patterns (mappings/reporters.yaml), never edited.

Where a site's neighbourhood says what is built (mappings/descriptions.yaml), the site knows its files, so that the call
of earth can be suggested.
"""

from __future__ import annotations

import re

from migrate.callsites.data import Data
from migrate.callsites.described import located_site
from migrate.callsites.model import Outcome, Site, Translator, Tree
from migrate.callsites.translate import Note


def sites(text: str, path: str, tree: Tree, data: Data, carrier: str) -> list[Site]:
    """The places in ``text`` that the patterns of ``carrier`` find, comments left out."""
    entry = data.reporters[carrier]
    found = []
    for find in entry["finds"]:
        for match in re.finditer(find["pattern"], text, re.MULTILINE):
            start = match.start() + len(match.group()) - len(match.group().lstrip())
            if entry["comment"] not in text[text.rfind("\n", 0, start) + 1 : start].replace("://", ""):
                end = min(match.end(), text.find("\n", start) if "\n" in text[start:] else len(text))
                note = Note("EM809", {"what": find["what"], "hint": find["hint"]})
                found.append(Site(path, carrier, start, max(start, end), detail=note))
    found.sort(key=lambda site: site.start)
    stops = [*(site.start for site in found), len(text)][1:]
    return [located_site(site, text, stop, tree, data) for site, stop in zip(found, stops, strict=True)]


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """Nothing but a note for one of ``sites``."""
    return Outcome(site, notes=(site.detail,))
