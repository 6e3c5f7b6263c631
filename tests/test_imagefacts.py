"""The file of image facts: written sorted, read back the same, refused when it is something else."""

from __future__ import annotations

import json

import pytest
from support import codes, targets

from migrate.convert import Conversion, convert
from migrate.imagefacts import FactsError, ImageFacts, read, section, written
from migrate.images import BaseImage, base_image
from migrate.mappings import Mappings, builtin
from migrate.settings import Settings

FACTS = {
    "b:1": ImageFacts(
        "app", ("A", "PATH"), ("/bin/bash", "-c"), ("RUN x",), ("/e",), "/w", ("CMD-SHELL", "é"), "SIGINT"
    ),
    "a:latest": ImageFacts(),
}


def knowing(**images: ImageFacts) -> Mappings:
    """The mappings with what was inspected; ``__`` in a name is its colon."""
    from dataclasses import replace

    return replace(builtin(), inspected=section({name.replace("__", ":"): facts for name, facts in images.items()}))


def converted(text: str, **images: ImageFacts) -> Conversion:
    return convert(text, Settings(name="app", fallback="comment"), mappings=knowing(**images))


def test_written_and_read() -> None:
    text = written(FACTS)
    assert read(text) == FACTS
    assert list(json.loads(text)["images"]) == ["a:latest", "b:1"]
    assert json.loads(text)["images"]["a:latest"] == {}
    assert written(read(text)) == text
    assert "é" in text


def test_names_are_read_in_one_spelling() -> None:
    assert list(read('{"images": {"docker.io/library/alpine": {}}}')) == ["alpine:latest"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"images": []}',
        '{"images": {"a": 1}}',
        '{"images": {"a": {"user": 1}}}',
        '{"images": {"a": {"shell": "sh"}}}',
        '{"images": {"a": {"onbuild": [1]}}}',
        '{"images": {"a": {"whatever": "x"}}}',
        "[" * 100_000,
    ],
)
def test_something_else_is_refused(text: str) -> None:
    with pytest.raises(FactsError):
        read(text)


def test_the_config_counts_more_than_the_mappings() -> None:
    mappings = knowing(alpine__3=ImageFacts("app", ("PATH", "X"), workdir="/w"), unlisted__1=ImageFacts())
    assert base_image("alpine:3", mappings) == BaseImage("app", None, False, True, ("PATH", "X"), (), "/w")
    assert base_image("docker.io/library/alpine:3", mappings) == base_image("alpine:3", mappings)
    assert base_image("alpine:4", mappings) == base_image("alpine:4")
    assert base_image("unlisted:1", mappings) == BaseImage("root", None, False, None, (), (), "/", None, None)


def test_what_was_unknown_is_known() -> None:
    text = "FROM acme/base:1\nCOPY a b\nARG LANG\nADD x.tgz opt\n"
    assert codes(converted(text)) == ["EM205", "EM301", "EM420"]
    conversion = converted(text, acme___base__1=ImageFacts())
    assert codes(conversion) == ["EM205", "EM301", "EM420"]  # another image
    conversion = converted(text, **{"acme/base:1": ImageFacts("app", ("LANG",), workdir="/srv")})
    assert codes(conversion) == ["EM431", "EM301", "EM464", "EM460"]
    assert targets(conversion)["docker"][1:4] == [
        "COPY --chown=0:0 a b",
        "ARG LANG=$LANG",
        "COPY --keep-own (+unpack/ --source=x.tgz) opt",
    ]


def test_a_shell_of_the_image_is_written_out() -> None:
    conversion = converted("FROM acme/base:1\nRUN a\n", **{"acme/base:1": ImageFacts(shell=("/bin/bash", "-c"))})
    assert targets(conversion)["docker"][1] == "RUN /bin/bash -c 'a'"
