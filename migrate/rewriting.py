"""Call sites in their new form: each carrier's text with every certain call rewritten, the others reported."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from migrate.callsites import edits as editing
from migrate.callsites import shell
from migrate.callsites.buildcall import Option
from migrate.callsites.data import Data
from migrate.callsites.model import Outcome, Site, reference
from migrate.callsites.translate import EarthCall, Facts, Left, Place, translate
from migrate.diagnostics import Collector, Diagnostic
from migrate.mappings import Mappings
from migrate.survey import Carrier, Choice, line_span

Places = Mapping[tuple[str, str, str], Place]
"""(Dockerfile, context, stage; "" for the last) -> where its build lives now."""


class Rewritten(NamedTuple):
    """A carrier after the migration: its new text, and what happened to each site."""

    carrier: Carrier
    text: str
    outcomes: tuple[Outcome, ...]
    diagnostics: tuple[Diagnostic, ...]


def rewrite(
    carrier: Carrier,
    places: Places,
    data: Data,
    mappings: Mappings,
    choice: Choice,
    blocked: frozenset[str] = frozenset(),
) -> Rewritten:
    """Rewrite every certain call in ``carrier``; the others are reported on their line.

    ``blocked`` are contexts whose Earthfile is somebody's own.
    """
    collector = Collector(carrier.path, mappings.diagnostics)
    translator = _Translator(places, blocked)
    tool = data.earth_tools[choice.tool]["command"]
    outcomes = [
        _with_suggestion(carrier.module.rewritten(site, carrier.text, translator, tool), translator, tool)
        for site in carrier.sites
    ]
    changes = [edit for outcome in outcomes for edit in outcome.edits]
    for outcome in outcomes:
        site = outcome.site
        span = line_span(carrier.text, site.start, site.end)
        if outcome.why:
            without = f", without {', '.join(outcome.lacks)}" if outcome.lacks else ""
            hint = f"write by hand{without}: {outcome.suggestion}" if outcome.suggestion else _NO_SUGGESTION
            collector.report("EM801", span, reason=outcome.why, hint=hint)
        for note in outcome.notes:
            fields = dict(note.fields)
            if outcome.suggestion and "hint" in fields:
                fields["hint"] = f"{fields['hint']}; here: {outcome.suggestion}"
            collector.report(note.code, span, **fields)
    if changes and hasattr(carrier.module, "companions"):
        more, notes = carrier.module.companions(carrier.text, outcomes, data, choice.tool)
        changes += more
        for offset, note in notes:
            collector.report(note.code, line_span(carrier.text, offset, offset), **note.fields)
    try:
        text = editing.apply(carrier.text, changes)
    except editing.OverlapError as error:
        # A defect of the carrier's reader must not cost the whole run.
        text, outcomes = carrier.text, [outcome._replace(edits=()) for outcome in outcomes]
        collector.report("EM806", None, reason=str(error))
    return Rewritten(carrier, text, tuple(outcomes), collector.diagnostics)


_NO_SUGGESTION = "change it by hand if the Dockerfile is to go"


def _with_suggestion(outcome: Outcome, translator: _Translator, tool: str) -> Outcome:
    """``outcome`` with the call of earth to write by hand, where the site stays and its target is known."""
    site = outcome.site
    if outcome.edits or site.call is None or site.dockerfile is None:
        return outcome
    made, lacks = None, set()
    kept: list[Option] = []
    # Names first: without one nothing can be pushed.
    for option in sorted(site.call.options, key=lambda item: item.entry["becomes"] not in ("target", "image")):
        try:
            made = translator(replace(site, call=replace(site.call, options=(*kept, option))))
            kept.append(option)
        except Left:
            if option.entry["becomes"] == "target":
                return outcome  # another stage is another image
            lacks.add(f"--{option.name}")
    try:
        made = made or translator(replace(site, call=replace(site.call, options=())))
    except Left:
        return outcome
    line = shell.on_one_line(made, tool)
    for mask, original in site.holes.items():
        line = line.replace(mask, original)
    return outcome._replace(suggestion=line, lacks=tuple(sorted(lacks)))


class _Translator:
    """Gives each site the call of earth for the target that its build has become."""

    def __init__(self, places: Places, blocked: frozenset[str] = frozenset()) -> None:
        self.places, self.blocked = places, blocked

    def __call__(self, site: Site) -> EarthCall:
        assert site.call is not None
        assert site.dockerfile is not None
        assert site.context is not None
        if site.context in self.blocked:
            raise Left(f"{posixpath.join(site.context, 'Earthfile')} was not written, because files there are not ours")
        if not (site.folder or "").isascii():
            raise Left(f"earth does not start in {site.folder}: a folder's name must be ASCII")
        target = site.call.last("target")
        if target is not None and target.text is None:
            raise Left("the stage that it builds is only known when it runs")
        stage = (target.text or "").lower() if target is not None else ""
        place = self.places.get((site.dockerfile, site.context, stage))
        if place is None:
            what = f"the stage {stage} is not in {site.dockerfile}" if stage else f"{site.dockerfile} was not converted"
            raise Left(what)
        made = translate(site.call, place, Facts(open_names=site.open_tags, dynamic=site.dynamic))
        made.reference = reference(place.folder, site.folder or "", made.reference)
        return made
