"""COPY: sources earth finds, artifacts instead of --from, and the owners that Docker gives."""

from __future__ import annotations

import shlex

import pytest
from support import BASE, DictContext, assert_lines, body, codes, converted, targets

from migrate.earthfile.expansion import parse_word
from migrate.earthfile.reader import read, run_text
from migrate.words import literal_text


@pytest.mark.parametrize(
    ("instructions", "expected", "wanted"),
    [
        ("COPY a.txt /x/", "COPY a.txt /x/", []),
        ("COPY . .", "COPY . .", []),
        ("COPY / /x/", "COPY . /x/", []),
        ("COPY /a.txt /b/c /x/", "COPY a.txt b/c /x/", []),
        ("COPY ../a.txt /x/", "COPY a.txt /x/", []),
        ("COPY ./a/../b /x/", "COPY b /x/", []),
        ('COPY ["a.txt", "/x/"]', "COPY a.txt /x/", []),
        ("COPY --link a.txt /usr/share/x/", "COPY a.txt /usr/share/x/", []),
        ("COPY --chown=1000:1000 a /x/", "COPY --chown=1000:1000 a /x/", []),
        ('COPY --chown="app" a /x/', "COPY --chown=app a /x/", []),
        ("COPY --chmod=755 a /x/", "COPY --chmod=755 a /x/", []),
        ("COPY --chmod=0640 a.conf /etc/x", "COPY --chmod=0640 a.conf /etc/x", []),
        # Nobody knows whether it is a folder: then Docker gives the mode to /etc/x as well.
        ("COPY --chmod=0640 a /etc/x", "COPY --chmod=0640 a /etc/x", ["EM406"]),
        ("COPY --chmod=640 a /q/", "RUN [ -d /q ] || mkdir -m 640 /q\nCOPY --chmod=640 a /q/", ["EM429"]),
        (
            "COPY --chmod=640 --chown=7 a /q/r/",
            'RUN for folder in /q /q/r; do [ -d "$folder" ] || { mkdir -m 640 "$folder"; chown 7:7 "$folder"; }; done\n'
            "COPY --chown=7 --chmod=640 a /q/r/",
            ["EM429"],
        ),
        (
            "ARG M=640\nCOPY --chmod=$M a /q/",
            'ARG M=640\nRUN [ -d /q ] || mkdir -m "$M" /q\nCOPY --chmod=$M a /q/',
            ["EM429"],
        ),
        ("USER 5\nCOPY --chmod=640 a /q/", "USER 5\nCOPY --chown=0:0 --chmod=640 a /q/", ["EM406"]),
        ("COPY --chmod=640 a? /q/", "COPY --chmod=640 --if-exists a[^/] /q/", ["EM406"]),
        ("COPY --chown=1:2 --chmod=755 --link=false a /x/", "COPY --chown=1:2 --chmod=755 a /x/", []),
        # A wildcard that matches nothing is nothing in Docker and an error in an Earthfile.
        ("COPY package.json yarn.lock* ./", "COPY package.json ./\nCOPY --if-exists yarn.lock* ./", []),
        ("COPY d/*.json ./", "COPY --if-exists d/*.json ./", []),
        ("COPY *.json ./", "COPY --if-exists here/../*.json ./", ["EM428"]),
        ("COPY [ab].json ./", "COPY --if-exists here/../[ab].json ./", ["EM428"]),
        ("COPY r\u00e9sum\u00e9.txt /x/", "COPY r[^!-~]sum[^!-~].txt /x/", []),
        ("COPY a b /y", "COPY a /y\nCOPY b /y", []),
        ("COPY a b /usr/bin", "COPY a b /usr/bin", []),
        ("ENV D=/x\nCOPY a $D/", "ENV D=/x\nCOPY a $D/", []),
        ("COPY a \\\n     # second\n     b \\\n     /x/", "COPY a \\\n     # second\n     b \\\n     /x/", []),
        ("COPY a$HOME /x/", "COPY a /x/", ["EM308"]),
    ],
)
def test_from_the_context(instructions: str, expected: str, wanted: list[str]) -> None:
    assert_lines(instructions, expected, wanted)


def test_an_array_becomes_words() -> None:
    (line,) = body(converted(BASE + 'COPY ["sp ace", "d\\\\$e", "/t x/"]\n'))
    (statement,) = read(f"VERSION 0.8\nt:\n    {line}\n").targets[0].statements
    assert [literal_text(parse_word(arg)) for arg in statement.args] == ["sp ace", "d$e", "/t x/"]


@pytest.mark.parametrize(
    ("instruction", "code"),
    [
        ("COPY --parents a/b /x/", "EM401"),
        ("COPY --exclude=*.md . /x/", "EM402"),
        ("COPY --chmod=u=g a /x/", "EM404"),
        ("COPY --chmod=u+x,go=X a /x/", "EM404"),
        ("COPY --chmod=4755 a b /y", "EM405"),
        ("COPY --from=scratch / /x/", "EM409"),
    ],
)
def test_what_earth_has_no_equal_for(instruction: str, code: str) -> None:
    assert_lines(instruction, f"# {code}, not converted: {instruction}", [code])


@pytest.mark.parametrize(
    ("base", "copy", "expected"),
    [
        ("FROM alpine\n", "COPY a /x/", "COPY a /x/"),
        ("FROM alpine\nUSER app\n", "COPY a /x/", "COPY --chown=0:0 a /x/"),
        ("FROM registry.example.com/own\n", "COPY a /x/", "COPY --chown=0:0 a /x/"),
        ("FROM alpine\nUSER app\n", "COPY --chown=app a /x/", "COPY --chown=app a /x/"),
        # --link replaces linked folders and resets existing ones, as --keep-own does.
        ("FROM alpine\n", "COPY --link a /tmp/", "COPY --keep-own a /tmp/"),
        ("FROM alpine\nRUN mkdir /d && chown 5 /d\n", "COPY --link a /d/", "COPY --keep-own a /d/"),
    ],
)
def test_owners_of_context_files(base: str, copy: str, expected: str) -> None:
    assert body(converted(f"{base}{copy}\n"))[-1] == expected


PRODUCER = "FROM alpine:3.20 AS build\nRUN make\n"


@pytest.mark.parametrize(
    ("copy", "saved", "expected"),
    [
        ("COPY --from=build /app/x /usr/bin/", ["/app/x /app/x"], "COPY +build/app/x /usr/bin/"),
        ("COPY --from=BUILD /app/x /usr/bin/", ["/app/x /app/x"], "COPY +build/app/x /usr/bin/"),
        ("COPY --from=0 /app/x /usr/bin/", ["/app/x /app/x"], "COPY +build/app/x /usr/bin/"),
        # Relative to the root of the stage, never to its WORKDIR.
        ("COPY --from=build app/x /usr/bin/", ["/app/x /app/x"], "COPY +build/app/x /usr/bin/"),
        ("COPY --from=build /app/ /app/", ["/app /app"], "COPY +build/app/ /app/"),
        ("COPY --from=build /app/./x/../y /y", ["/app/y /app/y"], "COPY +build/app/y /y"),
        ("COPY --from=build /a /b/c /x/", ["/a /a", "/b/c /b/c"], "COPY +build/a +build/b/c /x/"),
        # A path below another saved one gets no SAVE of its own.
        ("COPY --from=build /a/b /a /x/", ["/a /a"], "COPY +build/a/b +build/a /x/"),
        ("COPY --from=build /out/*.so /lib/", ["/out /out"], None),
        ("COPY --from=build / /", ["--symlink-no-follow /* /"], None),
        ('COPY --from=build ["/a b", "/x/"]', None, None),
        ("COPY --from=build --chown=5:5 /a /x/", ["/a /a"], "COPY --chown=5:5 +build/a /x/"),
        ("COPY --from=build --link /a /usr/bin/", ["/a /a"], "COPY +build/a /usr/bin/"),
    ],
)
def test_from_a_stage(copy: str, saved: list[str] | None, expected: str | None) -> None:
    conversion = converted(f"{PRODUCER}FROM alpine:3.20\n{copy}\n")
    saves = [line.removeprefix("SAVE ARTIFACT ") for line in body(conversion, "build")[1:]]
    if saved is not None:
        assert [line.removeprefix("--if-exists ") for line in saves] == saved
    (line,) = body(conversion)
    if expected is not None:
        assert line == expected
    assert "--from" not in line
    assert line.startswith("COPY ")


@pytest.mark.parametrize(
    ("producer", "consumer", "copy", "flag"),
    [
        ("RUN make", "", "/a /x/", ""),
        ("RUN make", "USER app", "/a /x/", "--chown=0:0 "),
        ("RUN make && chown app /a", "", "/a /usr/bin/", "--keep-own "),
        ("USER app\nRUN make", "", "/a /opt/", "--keep-own "),
        ("RUN tar xf /src.tar", "", "/a /opt/", "--keep-own "),
        ("COPY --chown=7:7 a /a", "", "/a /opt/", "--keep-own "),
        ("RUN chown app /elsewhere", "", "/a /opt/", ""),
        # Keeping owners would reset these folders to 0755 root, or replace a link.
        ("RUN chown app /a", "", "/a /tmp/", None),
        ("RUN chown app /a", "", "/a /home/app/", None),
        ("RUN chown app /a", "", "/a /bin/", None),
        ("RUN chown app /a", "WORKDIR /d\nRUN chmod 700 /d", "/a /d/", None),
    ],
)
def test_owners_of_artifacts(producer: str, consumer: str, copy: str, flag: str | None) -> None:
    conversion = converted(f"FROM alpine AS b\n{producer}\nFROM alpine\n{consumer}\nCOPY --from=b {copy}\n")
    line = body(conversion)[-1]
    if flag is None:
        assert line.strip() == "rm -r /.copied"
        assert "EM432" in codes(conversion)
    else:
        source, destination = copy.split()
        assert line == f"COPY {flag}+b{source} {destination}"
        assert "EM415" not in codes(conversion)


def test_from_an_image() -> None:
    conversion = converted(f"{BASE}COPY --from=nginx:1.27 /etc/nginx/nginx.conf /x\nCOPY --from=nginx:1.27 /a /y\n")
    recipes = targets(conversion)
    assert recipes["nginx"] == [
        "FROM nginx:1.27",
        "SAVE ARTIFACT /etc/nginx/nginx.conf /etc/nginx/nginx.conf",
        "SAVE ARTIFACT /a /a",
    ]
    assert body(conversion) == ["COPY +nginx/etc/nginx/nginx.conf /x", "COPY +nginx/a /y"]
    assert codes(conversion) == []


def test_a_name_that_is_no_stage_is_said() -> None:
    assert "EM220" in codes(converted(f"{BASE}COPY --from=biuld /a /x\n"))


def test_from_an_empty_stage() -> None:
    conversion = converted("FROM scratch AS e\nFROM alpine\nCOPY --from=e / /x/\n")
    assert body(conversion, "e") == []
    assert codes(conversion) == ["EM414"]


def test_a_known_context() -> None:
    files = {"a.txt": b"", "b.json": b"", "d": None, "d/x": b""}
    context = DictContext({**files, "link": "a.txt", "abs": "/d/x", "way": "d", "gone": "nowhere"})
    followed = converted(f"{BASE}ARG N=/n\nCOPY link /x\nCOPY link /etc/\nCOPY abs $N/\nCOPY way/x /y/\n", context)
    assert codes(followed) == ["EM427"] * 4
    assert body(followed)[1:] == ["COPY a.txt /x", "COPY a.txt /etc/link", "COPY d/x $N/abs", "COPY d/x /y/"]
    pattern = converted(f"{BASE}COPY lin* b.json /x/\n", context)
    assert body(pattern) == ["COPY a.txt /x/link", "COPY b.json /x/"]
    below = DictContext({"d": None, "d/e": None, "d/e/l": "../../a", "d/f": b"", "a": b""})
    assert body(converted(f"{BASE}COPY d/* /x/\n", below)) == ["COPY d/e d/f /x/"]
    assert body(converted(f"{BASE}COPY d /x/\nCOPY * /x/\n", below)) == ["COPY d /x/", "COPY * /x/"]
    # What a link leads to is there when the pattern takes it as well.
    assert body(converted(f"{BASE}COPY * /x/\n", DictContext({"l": "a", "a": b""}))) == ["COPY * /x/"]
    assert codes(converted(f"{BASE}COPY gone /x/\n", context)) == ["EM411"]
    assert codes(converted(f"{BASE}COPY *.json ./\n", context)) == []
    assert codes(converted(f"{BASE}COPY *.crt ./\n", context)) == ["EM428"]
    assert codes(converted(f"{BASE}COPY --chmod=0640 a.txt /etc/x\n", context)) == []
    assert codes(converted(f"{BASE}COPY --chmod=0640 d /etc/x\n", context)) == ["EM429"]


def test_a_name_beyond_ascii_must_fit_no_other() -> None:
    both = DictContext({"\u00e9": b"", "\u00fc": b"", "r\u00e9": b""})
    assert codes(converted(f"{BASE}COPY r\u00e9 /x\n", both)) == []
    assert codes(converted(f"{BASE}COPY \u00e9 /x\n", both)) == ["EM412"]


@pytest.mark.parametrize(
    ("mode", "chmod"), [("+x", "a+x"), ("u=rwX,go=rX", "u=rwX,go=rX"), ("4755", "4755"), ("g-w,o-rwx", "g-w,o-rwx")]
)
def test_modes_that_only_chmod_sets(mode: str, chmod: str) -> None:
    context = DictContext({"run": b"", "d": None, "d/x": b""})
    known = converted(f"{BASE}COPY --chmod={mode} run /usr/bin/\n", context)
    assert body(known) == ["COPY run /usr/bin/", f"RUN chmod {chmod} /usr/bin/run"]
    assert codes(known) == ["EM433"]
    recipes = targets(converted(f"{BASE}COPY --chmod={mode} d /usr/bin/\n", context))
    assert recipes["docker-modes"] == [
        "FROM busybox",
        "WORKDIR /modes",
        "COPY d /modes/",
        f"RUN chmod -R {chmod:0>5} /modes" if chmod.isdigit() else f"RUN chmod -R {chmod} /modes",
        "SAVE ARTIFACT /modes /modes",
    ]
    assert recipes["docker"][1] == "COPY +docker-modes/modes /usr/bin/"


def test_a_mode_for_files_that_have_special_bits() -> None:
    context = DictContext({"d": None, "d/su": b""})
    context.modes["d/su"] = 0o4755
    assert "docker-modes" in targets(converted(f"{BASE}COPY --chmod=755 d /srv/\n", context))
    text = f"FROM debian AS b\nRUN true\n{BASE}COPY --from=b --chmod=755 "
    assert "docker-modes" in targets(converted(f"{text}/usr/bin /srv/\n"))
    assert "docker-modes" not in targets(converted(f"{text}/opt/app /srv/\n"))
    assert "docker-modes" in targets(converted(text.replace("RUN true", "RUN chmod 2755 /x") + "/opt/app /srv/\n"))
    copied = f"FROM debian AS a\nFROM scratch AS b\nCOPY --from=a / /\n{BASE}COPY --from=b --chmod=755 / /\n"
    assert "docker-modes" in targets(converted(copied))
    assert "docker-modes" not in targets(converted(copied.replace("COPY --from=a", "COPY --chmod=755 --from=a")))


@pytest.mark.parametrize(
    ("arguments", "source", "expected"),
    [
        ("ARG X", "$X", "${X:-.}"),
        ("ARG X=", "./$X", "./${X:-.}"),
        ("ARG X=/d/x", "$X", "./$X"),
        ("ARG X=d", "$X", "$X"),
        ("ARG X=d", "/$X/x", "$X/x"),
        ("ARG X=d", "$X/", "$X/."),
    ],
)
def test_sources_with_variables(arguments: str, source: str, expected: str) -> None:
    conversion = converted(f"{BASE}{arguments}\nCOPY {source} /srv/\n")
    assert body(conversion)[-1] == f"COPY {expected} /srv/"
    assert set(codes(conversion)) <= {"EM301"}


HEREDOC = "COPY <<{name} {destination}\n{lines}\nEOF\n"


@pytest.mark.parametrize(
    ("name", "destination", "lines", "written"),
    [
        ("EOF", "/etc/a.txt", "one\ntwo", ("one\ntwo\n", "/etc/a.txt")),
        ("EOF", "/etc/", "one", ("one\n", "/etc/EOF")),
        ("'EOF'", "/etc/a", "$HOME \\n", ("$HOME \\n\n", "/etc/a")),
        # The builder's own expansion: every backslash goes, $1 and unknown names are empty, $(x) stays.
        ("EOF", "/etc/a", "a\\nb $1 $(x) `y`", ("anb  $(x) `y`\n", "/etc/a")),
        ("EOF", "/etc/a", 'it\'s "q"', ('it\'s "q"\n', "/etc/a")),
    ],
)
def test_heredocs(name: str, destination: str, lines: str, written: tuple[str, str]) -> None:
    text = BASE + HEREDOC.format(name=name, destination=destination, lines=lines)
    statement = read(converted(text).earthfile or "").targets[0].statements[1]
    words = shlex.split(run_text(statement))
    start = words.index("printf")
    assert words[start + 1] == "%s\\n"
    end = next(index for index, word in enumerate(words) if word.startswith(">"))
    assert ("".join(word + "\n" for word in words[start + 2 : end]), words[end][1:]) == written


def test_heredocs_keep_mode_and_owner() -> None:
    conversion = converted(f"{BASE}COPY --chmod=755 <<EOF /etc/a\nx\nEOF\n")
    assert "chmod 755 /etc/a" in (conversion.earthfile or "")
    conversion = converted(f"{BASE}USER app\nCOPY <<EOF /etc/a\nx\nEOF\n")
    assert body(conversion)[-1].startswith("COPY --chown=0:0 +")
    assert codes(conversion) == ["EM418"]


def test_folders_that_came_along_keep_owner_and_mode() -> None:
    made = "FROM alpine:3.20 AS p\nRUN mkdir /o /q && chown 5 /o/x /q/x\nFROM alpine:3.20\nCOPY --from=p /o /opt/app/\n"
    result = converted(made + "COPY --from=p /q /opt/app/sub/\n")
    assert "COPY --keep-own +p/q /.copied/" in body(result)
    assert "EM432" in codes(result)
    # To the same folder again, and above it, nothing is reset.
    assert "COPY --keep-own +p/q /opt/app/" in body(converted(made + "COPY --from=p /q /opt/app/\n"))
    # Docker's --link resets them, and so does --keep-own.
    assert "COPY --keep-own x /opt/app/sub/" in body(converted(made + "COPY --link x /opt/app/sub/\n"))


def test_an_empty_image_has_no_folders_that_could_be_reset() -> None:
    made = "FROM alpine:3.20 AS p\nRUN mkdir /o && chown 5 /o/x\nFROM scratch\n"
    assert "COPY --keep-own +p/o /tmp/" in body(converted(made + "COPY --from=p /o /tmp/\n"))
    result = converted(made + "COPY --from=alpine / /\nCOPY --from=p /o /tmp/\n")
    assert "EM415" in codes(result)


def test_an_empty_owner_is_none() -> None:
    assert_lines("USER 5\nCOPY --chown=$U a /x/", "USER 5\nCOPY --chown=0:0 a /x/")
    assert_lines("COPY --chown=$U a /x/", "COPY a /x/")
    assert_lines("ARG U\nUSER 5\nCOPY --chown=$U a /x/", "ARG U\nUSER 5\nCOPY --chown=${U:-0:0} a /x/", ["EM301"])
    made = "FROM alpine:3.20 AS p\nRUN chown 5 /o/x\nFROM alpine:3.20\n"
    assert body(converted(made + "COPY --from=p --chown=$U /o /x/\n")) == ["COPY --keep-own +p/o /x/"]
    result = converted(made + "ARG U\nCOPY --from=p --chown=$U /o /x/\n")
    assert body(result) == ["ARG U", "COPY --keep-own +p/o /x/"]
    assert codes(result) == ["EM301", "EM306"]
