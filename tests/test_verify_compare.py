"""Two images held against each other."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from migrate.diagnostics import Grade
from migrate.mappings import builtin
from migrate.verify.compare import Aspect, Comparison, Difference, compare
from migrate.verify.model import Entry, Healthcheck, Image, ImageConfig, Kind

NOISE = builtin().noise


def file(path: str, content: str = "", **fields: Any) -> Entry:
    data = content.encode()
    digest = hashlib.sha256(data).digest()
    return Entry(path.encode(), Kind.FILE, **{"mode": 0o644, "size": len(data), "sha256": digest, "mtime": 1, **fields})


def folder(path: str, **fields: Any) -> Entry:
    return Entry(path.encode(), Kind.DIRECTORY, **{"mode": 0o755, "mtime": 1, **fields})


def image(*entries: Entry, **config: Any) -> Image:
    tree = {entry.path: entry for entry in (folder(""), *entries)}
    return Image("sha256:x", ImageConfig(os="linux", architecture="amd64", **config), tree, 1)


def held(docker: Image, earth: Image, again: Image | None = None, *, timestamps: bool = False) -> Comparison:
    return compare(docker, earth, NOISE, again, timestamps=timestamps)


BASE = (folder("d"), file("d/f", "one"), file("d/g", "two"))

PATHS = [
    (file("d/f", "other"), Aspect.CONTENT),
    (file("d/f", "on"), Aspect.CONTENT),
    (file("d/f", "one", mode=0o4644), Aspect.MODE),
    (file("d/f", "one", uid=1000), Aspect.OWNER),
    (file("d/f", "one", gid=1000), Aspect.OWNER),
    (folder("d/f", mode=0o644), Aspect.TYPE),
    (file("d/f", "one", xattrs=(("user.a", b"1"),)), Aspect.XATTR),
]


@pytest.mark.parametrize(("entry", "aspect"), PATHS, ids=range(len(PATHS)))
def test_a_path_that_differs(entry: Entry, aspect: Aspect) -> None:
    found = held(image(*BASE), image(BASE[0], entry, BASE[2]))
    assert (found.grade, found.paths) == (Grade.DIFFERS, 4)
    assert [(item.aspect, item.path) for item in found.differences] == [(aspect, b"d/f")]


def test_links_and_devices() -> None:
    def link(target: bytes) -> Image:
        return image(Entry(b"l", Kind.LINK, 0o777, target=target))

    def device(major: int) -> Image:
        return image(Entry(b"c", Kind.CHARACTER_DEVICE, 0o600, device=(major, 3)))

    (found,) = held(link(b"a"), link(b"\xff")).differences
    assert found == Difference(Aspect.LINK, b"l", "a", "\\xff")
    (found,) = held(device(1), device(2)).differences
    assert found == Difference(Aspect.DEVICE, b"c", "1:3", "2:3")


def test_a_path_that_only_one_side_has() -> None:
    found = held(image(*BASE), image(*BASE[:2], file("new")))
    assert found.differences == (
        Difference(Aspect.MISSING, b"d/g", "file", None),
        Difference(Aspect.EXTRA, b"new", None, "file"),
    )


def test_the_root_counts() -> None:
    other = Image("", ImageConfig(os="linux", architecture="amd64"), {b"": folder("", mode=0o700)}, 1)
    assert [item.path for item in held(image(), other).differences] == [b""]


def test_hard_links_are_compared_by_who_shares_them() -> None:
    def linked(*groups: str) -> Image:
        names = sorted("".join(groups))
        group = {name: min(members) for members in groups for name in members if len(members) > 1}
        return image(*(file(name, group=group.get(name, "").encode()) for name in names))

    assert held(linked("ab", "c"), linked("ab", "c")).grade is Grade.EQUAL
    found = held(linked("ab", "c"), linked("a", "b", "c")).differences
    assert [(item.path, item.docker, item.earth) for item in found] == [
        (b"a", "linked with /a", "a file of its own"),
        (b"b", "linked with /a", "a file of its own"),
    ]
    assert {item.path for item in held(linked("ab", "cd"), linked("ac", "bd")).differences} >= {b"b", b"c"}
    only = held(linked("abc"), linked("bc"))
    assert [(item.aspect, item.path) for item in only.differences] == [(Aspect.MISSING, b"a")]


def test_everything_noisy_is_equal() -> None:
    docker = image(
        *BASE,
        author="me",
        healthcheck=Healthcheck(("CMD", "x"), interval=30 * 10**9),
        shell=("/bin/sh", "-c"),
        others={"ArgsEscaped": "true", ".created": '"1"', ".history": "[]"},
    )
    check = Healthcheck(("CMD", "x"), timeout=30 * 10**9, start_interval=5 * 10**9, retries=3)
    labels = {"dev.earthly.version": "v0.8", "dev.earthly.git-sha": "x"}
    late = tuple(entry._replace(mtime=99) for entry in BASE)
    found = held(docker, image(*late, healthcheck=check, labels=labels))
    ignored = (".created", ".history", "ArgsEscaped", "Author")
    defaults = tuple(f"Healthcheck.{name}" for name in ("Interval", "Retries", "StartInterval", "Timeout"))
    assert found == Comparison(Grade.EQUAL, (), (), 4, (*ignored, *defaults, "Shell", "dev.earthly.*", "timestamps"))
    assert held(docker, docker).ignored == ()


def test_a_default_is_not_just_anything() -> None:
    found = held(image(shell=("/bin/sh", "-c")), image(shell=("/bin/ash", "-c"))).differences
    assert [(item.docker, item.earth) for item in found] == [('["/bin/sh", "-c"]', '["/bin/ash", "-c"]')]


def test_platforms_have_spellings() -> None:
    def on(architecture: str, variant: str) -> Image:
        return replace(image(), config=ImageConfig(os="linux", architecture=architecture, variant=variant))

    assert held(on("arm64", "v8"), on("arm64", "")).grade is Grade.EQUAL
    assert held(on("arm", "v6"), on("arm", "v7")).differences == (
        Difference(Aspect.CONFIG, b"", "linux/arm/v6", "linux/arm", "Platform"),
    )


FIELDS: list[tuple[dict[str, Any], str, str, str | None]] = [
    ({"env": ("PATH=/bin",)}, "Env", "PATH", "PATH=/bin"),
    ({"env": ("A=",)}, "Env", "A", "A="),
    ({"cmd": ("a", "ü")}, "Cmd", "", '["a", "ü"]'),
    ({"entrypoint": ("a",)}, "Entrypoint", "", '["a"]'),
    ({"user": "0"}, "User", "", "0"),
    ({"working_dir": "/w"}, "WorkingDir", "", "/w"),
    ({"labels": {"a": "b"}}, "Labels", "a", "a=b"),
    ({"exposed_ports": frozenset({"80/tcp"})}, "ExposedPorts", "80/tcp", "80/tcp"),
    ({"volumes": frozenset({"/data"})}, "Volumes", "/data", "/data"),
    ({"stop_signal": "INT"}, "StopSignal", "", "INT"),
    ({"shell": ("/bin/bash", "-c")}, "Shell", "", '["/bin/bash", "-c"]'),
    ({"on_build": ("RUN x",)}, "OnBuild", "", '["RUN x"]'),
    ({"others": {"StopTimeout": "5"}}, "StopTimeout", "", "5"),
    ({"others": {".os.version": '"10"'}}, ".os.version", "", '"10"'),
]


@pytest.mark.parametrize(("config", "field", "key", "value"), FIELDS, ids=range(len(FIELDS)))
def test_every_config_field_counts(config: dict[str, Any], field: str, key: str, value: str) -> None:
    assert held(image(**config), image()).differences == (Difference(Aspect.CONFIG, b"", value, None, field, key),)
    assert held(image(), image(**config)).differences == (Difference(Aspect.CONFIG, b"", None, value, field, key),)
    assert held(image(**config), image(**config)).grade is Grade.EQUAL


def test_every_part_of_a_health_check_counts() -> None:
    check = Healthcheck(("CMD", "x"), 10**9, 1_500_000_000, 3, 4, 5)
    found = held(image(healthcheck=check), image(healthcheck=Healthcheck(("CMD", "y"))))
    assert [(item.key, item.docker, item.earth) for item in found.differences] == [
        ("Interval", "1s", None),
        ("Retries", "5", None),
        ("StartInterval", "0.000000004s", None),
        ("StartPeriod", "0.000000003s", None),
        ("Test", '["CMD", "x"]', '["CMD", "y"]'),
        ("Timeout", "1.5s", None),
    ]


def test_the_order_of_the_environment() -> None:
    found = held(image(env=("A=1", "B=2")), image(env=("B=2", "A=1")))
    assert (found.grade, found.ignored) == (Grade.EQUAL, ("Env.order",))
    found = held(image(env=("A=1", "B=2")), image(env=("B=2",)))
    assert ([item.key for item in found.differences], found.ignored) == (["A"], ())


# What is unstable


def test_unstable_paths_are_compared_from_outside_only() -> None:
    docker, again = image(*BASE), image(*BASE[:2], file("d/g", "three"))
    found = held(docker, image(*BASE[:2], file("d/g", "four")), again)
    assert (found.grade, found.differences, found.unstable) == (Grade.EQUAL, (), (b"d/g",))
    found = held(docker, image(*BASE[:2], file("d/g", "four", mode=0o600, uid=1)), again)
    assert [item.aspect for item in found.differences] == [Aspect.OWNER, Aspect.MODE]
    found = held(docker, image(*BASE[:2], folder("d/g")), again)
    assert [item.aspect for item in found.differences] == [Aspect.TYPE]


def test_a_stable_path_still_counts() -> None:
    docker, again = image(*BASE), image(*BASE[:2], file("d/g", "three"))
    found = held(docker, image(BASE[0], file("d/f", "x"), BASE[2]), again)
    assert [item.path for item in found.differences] == [b"d/f"]


def test_a_group_of_links_does_not_rest_on_an_unstable_path() -> None:
    docker = image(file("a", "1", group=b"a"), file("b", "1", group=b"a"), file("c", "1", group=b"a"))
    again = image(file("a", "2"), file("b", "1", group=b"b"), file("c", "1", group=b"b"))
    earth = image(file("a", "3"), file("b", "1", group=b"b"), file("c", "1", group=b"b"))
    assert held(docker, earth, again).grade is Grade.EQUAL


# Timestamps


def test_timestamps_only_when_asked_for() -> None:
    other = image(*(entry._replace(mtime=1_500_000_000) for entry in BASE))
    assert held(image(*BASE), other).grade is Grade.EQUAL
    assert held(image(*BASE), image(*BASE), timestamps=True).grade is Grade.EXACT
    found = held(image(*BASE), other, timestamps=True)
    assert found.grade is Grade.EQUAL
    assert found.differences[0] == Difference(Aspect.TIME, b"d", "0.000000001", "1.5")


def test_a_time_that_no_build_repeats_is_not_compared() -> None:
    late = image(*(entry._replace(mtime=2) for entry in BASE))
    later = image(*(entry._replace(mtime=3) for entry in BASE))
    assert held(image(*BASE), later, late, timestamps=True).grade is Grade.EXACT
    assert held(image(*BASE), later, image(*BASE), timestamps=True).grade is Grade.EQUAL


def test_an_implied_folder_has_no_time() -> None:
    assert held(image(folder("d", mtime=None)), image(folder("d")), timestamps=True).grade is Grade.EXACT


def test_own_labels_are_not_exact() -> None:
    assert held(image(), image(labels={"dev.earthly.version": "1"}), timestamps=True).grade is Grade.EQUAL
