"""The mappings of call sites, loaded only by runs that look for them."""

from __future__ import annotations

import json
from functools import cache
from typing import NamedTuple

from migrate.mappings import Section, frozen, read_data


class Data(NamedTuple):
    """mappings/: docker-flags.yaml, build-push-action.yaml, compose.yaml, descriptions.yaml, discovery.yaml,
    earth-tools.yaml, neighbours.yaml and reporters.yaml."""

    docker_flags: Section
    build_push_action: Section
    compose: Section
    descriptions: Section
    discovery: Section
    earth_tools: Section
    neighbours: Section
    reporters: Section

    @property
    def kinds(self) -> Section:
        """The kinds of files that ``--only`` and ``--skip`` know: what holds calls, and what stands beside."""
        return {**self.discovery["carriers"], **self.neighbours}


@cache
def builtin() -> Data:
    """The data that ships with the tool."""
    compiled = json.loads(read_data("callsites.json"))
    return Data(**{name: frozen(compiled[name]) for name in Data._fields})
