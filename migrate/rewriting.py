"""Call sites in their new form: each carrier's text with every certain call rewritten, the others reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from migrate.callsites import edits as editing
from migrate.callsites.data import Data
from migrate.callsites.model import Outcome, Site, Tree, reference
from migrate.callsites.suggestions import Known, Places, suggestion
from migrate.callsites.translate import EarthCall, Facts, Left, translate
from migrate.choice import Choice
from migrate.composestate import ComposePlan
from migrate.diagnostics import Collector, Diagnostic
from migrate.mappings import Mappings
from migrate.survey import Carrier, line_span


class Rewritten(NamedTuple):
    """A carrier after the migration: its new text, and what happened to each site."""

    carrier: Carrier
    text: str
    outcomes: tuple[Outcome, ...]
    diagnostics: tuple[Diagnostic, ...]
    edits: tuple[editing.Edit, ...] = ()
    """All changes to the carrier's text, also those that no single site asks for."""


def rewrite(
    carrier: Carrier,
    places: Places,
    data: Data,
    mappings: Mappings,
    choice: Choice,
    blocked: Mapping[str, str] | None = None,
    composed: ComposePlan | None = None,
    *,
    tree: Tree,
) -> Rewritten:
    """Rewrite every certain call in ``carrier``; the others are reported on their line.

    ``blocked`` are contexts whose Earthfile stays as it is -> why. ``composed`` says which services lose ``build:``.
    """
    collector = Collector(carrier.path, mappings.diagnostics)
    blocked = blocked or {}
    translator = Translating(places, blocked, composed)
    tool = data.earth_tools[choice.tool]["command"]
    sites = [site for site in carrier.sites if not site.passive]
    outcomes = [carrier.module.rewritten(site, carrier.text, translator, tool) for site in sites]
    known = Known({key: place for key, place in places.items() if key[1] not in blocked}, tree, data, tool)
    ends = [*(site.start for site in sites), len(carrier.text)][1:]
    outcomes = [
        _with_suggestion(outcome, carrier.text, end, known) for outcome, end in zip(outcomes, ends, strict=True)
    ]
    changes = [edit for outcome in outcomes for edit in outcome.edits]
    kept = [note.fields["command"] for outcome in outcomes for note in outcome.notes if note.code == "EM807"]
    builds = Counter(kept)
    for outcome in outcomes:
        site = outcome.site
        span = line_span(carrier.text, site.start, site.end)
        if outcome.why:
            without = f", without {', '.join(outcome.lacks)}" if outcome.lacks else ""
            hint = f"write by hand{without}: {outcome.suggestion}" if outcome.suggestion else _NO_SUGGESTION
            collector.report("EM801", span, reason=outcome.why, hint=hint)
        for note in outcome.notes:
            fields = dict(note.fields)
            if note.code == "EM807":
                alike = builds.pop(fields["command"], 0)
                if not alike:
                    continue  # said at the first service
                fields["service"] += f" (and {alike - 1} more like it)" if alike > 1 else ""
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
        changes = []
    return Rewritten(carrier, text, tuple(outcomes), collector.diagnostics, tuple(sorted(changes)))


_NO_SUGGESTION = "change it by hand if the Dockerfile is to go"


def _with_suggestion(outcome: Outcome, text: str, end: int, known: Known) -> Outcome:
    """``outcome`` with the call of earth to write by hand, where the site stays and its target is known."""
    stays = outcome.why or any(note.code == "EM809" for note in outcome.notes)
    if outcome.edits or outcome.suggestion or not stays:
        return outcome
    found = suggestion(outcome.site, text, end, known)
    return outcome if found is None else outcome._replace(suggestion=found.command, lacks=found.lost)


class Translating:
    """Gives each site the call of earth for the target that its build has become."""

    def __init__(self, places: Places, blocked: Mapping[str, str], composed: ComposePlan | None = None) -> None:
        self.places, self.blocked = places, blocked
        self.compose = composed.outcome if composed is not None else None
        self.steps = composed.steps if composed is not None else None

    def __call__(self, site: Site) -> EarthCall:
        folder, made = self.placed(site)
        made.reference = reference(folder, site.folder or "", made.reference)
        return made

    def placed(self, site: Site) -> tuple[str, EarthCall]:
        """The folder of the Earthfile, and the call of earth with the bare target. Raises Left."""
        assert site.call is not None
        assert site.dockerfile is not None
        assert site.context is not None
        if site.context in self.blocked:
            raise Left(self.blocked[site.context])
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
        return place.folder, translate(site.call, place, Facts(open_names=site.open_tags, dynamic=site.dynamic))
