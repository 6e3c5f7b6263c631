"""Each kind of neighbour on its own text; the golden cases repo-neighbour-* show them in whole repositories."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from migrate.callsites.data import builtin
from migrate.callsites.edits import apply
from migrate.neighbourfiles import (
    dependabot,
    editors,
    ignores,
    jsontext,
    mentions,
    owners,
    pathlists,
    prerequisites,
    renovate,
    sections,
)
from migrate.neighbourfiles.jsontext import JsonError
from migrate.neighbourfiles.model import Found, Move, Scene
from migrate.neighbourfiles.naming import additions

ROOT = Move("Dockerfile", "Earthfile", ".earthlyignore")
WEB = Move("web/Dockerfile", "web/Earthfile", "web/.earthlyignore")
INNER = Move("docker/Dockerfile.dev", "Earthfile", "")
TOOL = {"output": ".tmp-earth-out"}
SCENE = Scene((ROOT, WEB, INNER), TOOL, ("Earthfile", ".earthlyignore", "web/Earthfile"))


@pytest.mark.parametrize(
    ("patterns", "new"),
    [
        (["Dockerfile"], ("Earthfile", ".earthlyignore")),
        (["./Dockerfile", "x"], ("./Earthfile", "./.earthlyignore")),
        (["**/Dockerfile"], ("**/Earthfile", "**/.earthlyignore")),
        (["docker/Dockerfile*"], ("Earthfile",)),
        (["web/Dockerfile", "web/**"], ()),
        (["Dockerfile", "Earthfile", ".earthlyignore"], ()),
        ([".dockerignore"], (".earthlyignore",)),
        (["src/**", "README.md"], ()),
        (["docs/Dockerfile"], ()),
    ],
)
def test_additions(patterns: list[str], new: tuple[str, ...]) -> None:
    assert additions(patterns, SCENE.moves).patterns == new


@pytest.mark.parametrize("odd", ["{Dockerfile,x}", "[Dd]ockerfile", "!Dockerfile", "a**/Dockerfile"])
def test_patterns_that_are_not_followed(odd: str) -> None:
    found = additions([odd], SCENE.moves)
    assert (found.patterns, found.odd) == ((), (0,))


def test_an_odd_pattern_for_something_else_is_not_worth_a_word() -> None:
    assert additions(["!docs/Dockerfile", "Dockerfile.{a,b}"], (ROOT, WEB)).odd == ()


def changed(reader: Callable[[str, str, Scene], Found], text: str, path: str = "x", scene: Scene = SCENE) -> str:
    return apply(text, reader(text, path, scene).edits)


def test_new_files_are_let_through_by_the_line_that_stops_them() -> None:
    text = "*\n!src\nlog\n"
    new = "!/Earthfile\n!/.earthlyignore\n"
    scene = SCENE._replace(written=("Earthfile", ".earthlyignore"))
    assert changed(ignores.git, text, ".gitignore", scene) == f"*\n{new}!src\nlog\n"
    assert changed(ignores.git, "*\r\n", "web/.gitignore") == "*\r\n!/Earthfile\r\n"


def test_a_folder_that_is_ignored_as_a_whole_is_said() -> None:
    found = ignores.git("web/\n.tmp*\n", ".gitignore", SCENE)
    assert found.edits == ()
    assert [(item.code, item.fields["path"]) for item in found.said] == [("EM855", "web/Earthfile")]


def test_dependabot_fails_where_no_dockerfile_is_left() -> None:
    text = "updates:\n  - {package-ecosystem: docker, directory: /}\n  - {package-ecosystem: docker, directory: /web}\n"
    scene = SCENE._replace(removed=frozenset({"Dockerfile"}), names=("Dockerfile", "web/Dockerfile"))
    assert [item.code for item in dependabot.look(text, "x", scene).said] == ["EM854", "EM852"]
    scene = scene._replace(names=("Dockerfile", "Dockerfile.windows", "web/Dockerfile"))
    assert [item.code for item in dependabot.look(text, "x", scene).said] == ["EM852", "EM852"]


def test_a_linter_fails_where_a_dockerfile_goes() -> None:
    finds = builtin().neighbours["workflows"]["finds"]
    text = "      - uses: hadolint/hadolint-action@v3\n      # - uses: hadolint/hadolint-action@v3\n"
    assert [item.code for item in mentions.look(text, finds, SCENE).said] == ["EM856"]
    scene = SCENE._replace(removed=frozenset({"Dockerfile"}))
    assert [item.code for item in mentions.look(text, finds, scene).said] == ["EM857"]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("{}", '{"dockerfile": { "managerFilePatterns": ["/(^|/)Earthfile$/"] }}'),
        ("{a: 1}", '{a: 1, dockerfile: { managerFilePatterns: ["/(^|/)Earthfile$/"] }}'),
        ("{\n  a: 'x', // y\n}", "{\n  a: 'x', // y\n  dockerfile: { managerFilePatterns: ['/(^|/)Earthfile$/'] },\n}"),
        (
            '{\n  "a": "x" // y\n}',
            '{\n  "a": "x", // y\n  "dockerfile": { "managerFilePatterns": ["/(^|/)Earthfile$/"] }\n}',
        ),
        ('{"dockerfile": {"fileMatch": ["x"]}}', '{"dockerfile": {"fileMatch": ["x", "(^|/)Earthfile$"]}}'),
        ('{"dockerfile": {"enabled": false}}', '{"dockerfile": {"enabled": false}}'),
        ('{"extends": ["docker:disable"]}', '{"extends": ["docker:disable"]}'),
        ('{"enabledManagers": ["npm"]}', '{"enabledManagers": ["npm"]}'),
    ],
)
def test_renovate(text: str, after: str) -> None:
    assert changed(renovate.look, text, "renovate.json") == after
    jsontext.read(after)
    assert changed(renovate.look, after, "renovate.json") == after


@pytest.mark.parametrize("text", ["", "{", "[1 2]", "{a}", "{'a: 1}", "/* x", "[" * 100 + "]" * 100, "{} {}"])
def test_text_that_is_no_json(text: str) -> None:
    with pytest.raises(JsonError):
        jsontext.read(text)


def test_positions_in_json() -> None:
    text = "\ufeff{ /* c */ 'k': [1, \"two\\n\"], /* d **/ last: null, }"
    root = jsontext.read(text)
    two = root.get("k")
    assert two is not None
    assert [text[item.start : item.end] for item in two.items()] == ["1", '"two\\n"']
    assert two.items()[1].text == "two\n"


def test_owners_of_lines_that_come_later_win_for_both() -> None:
    text = "Dockerfile @a\nEarthfile @a\n.earthlyignore @a\n"
    assert changed(owners.code_owners, text) == text
    assert changed(owners.code_owners, "* @x\n") == "* @x\n"


def test_attributes_about_languages_are_not_carried_over() -> None:
    text = "Dockerfile linguist-language=Dockerfile\n"
    assert changed(owners.attributes, text) == text


def test_a_section_that_exists_stays() -> None:
    text = "[Dockerfile]\nindent_size = 2\n[Earthfile]\nindent_size = 4\n"
    assert changed(sections.look, text, ".editorconfig") == text


def test_associations_of_an_editor() -> None:
    text = '{"files.associations": {"*.dockerfile": "dockerfile"}}'
    after = '{"files.associations": {"*.dockerfile": "dockerfile", "Earthfile": "earthfile"}}'
    assert changed(editors.look, text) == after
    assert changed(editors.look, after) == after
    assert changed(editors.look, '{"files.associations": {"*.x": "y"}}') == '{"files.associations": {"*.x": "y"}}'


#: What once took more than linear time, or could: a line or a file of each kind, made long.
HOSTILE = {
    "blanks": " " * 200_000 + "x",
    "blanks in a line": "Dockerfile" + " " * 200_000 + "x",
    "brackets": "[" * 200_000,
    "headers": "[Dockerfile]" * 20_000,
    "continued": "a: Dockerfile \\\n" * 15_000 + "b=",
    "wildcards": "$(wildcard Dockerfile" * 12_000,
    "hashes": "k: hashFiles('Dockerfile'" * 10_000,
    "quotes": '"files": ["Dockerfile' * 12_000,
    "keys": '{"type":"docker-build' * 12_000,
    "comments": "/*" * 100_000,
    "hadolint": " hadolint " * 25_000,
    "backslashes": "Dockerfile\\" * 20_000,
    "stars": "**/" * 60_000 + "Dockerfile @x\n",
    "files": "files: Dockerfile" + " " * 200_000,
}
READERS: dict[str, Callable[[str, str, Scene], Found]] = {
    "owners": owners.code_owners,
    "attributes": owners.attributes,
    "sections": sections.look,
    "prerequisites": prerequisites.look,
    "renovate": renovate.look,
    "editors": editors.look,
    "gitignore": ignores.git,
    "dockerignore": ignores.docker,
    "mentions": lambda text, path, scene: mentions.look(
        text, [find for kind in builtin().neighbours.values() for find in kind.get("finds", ())], scene
    ),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_long(reader: str, name: str) -> None:
    start = time.process_time()
    READERS[reader](HOSTILE[name], "renovate.json", SCENE)
    assert time.process_time() - start < 2


def test_yaml_that_cannot_be_read_is_left() -> None:
    assert pathlists.look("on: [push\npaths: Dockerfile", ".github/workflows/x.yml", SCENE) == Found()
