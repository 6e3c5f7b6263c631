"""ADD: a COPY where it adds plain files; a helper Dockerfile adds archives, URLs and Git repositories."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from support import BASE, DictContext, assert_lines, body, codes, converted, targets


def tar(*entries: tuple[str, int], folders: tuple[str, ...] = ()) -> bytes:
    """An archive with (path, owner) files and root's folders."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as file:
        for name in folders:
            folder = tarfile.TarInfo(name)
            folder.type = tarfile.DIRTYPE
            file.addfile(folder)
        for name, owner in entries:
            member = tarfile.TarInfo(name)
            member.uid = member.gid = owner
            file.addfile(member)
    return data.getvalue()


@pytest.mark.parametrize(
    ("instructions", "expected", "wanted"),
    [
        ("ADD a.txt /x/", "COPY a.txt /x/", ["EM423"]),
        ("ADD . /x/", "COPY . /x/", []),
        ("ADD src/ /x/", "COPY src/ /x/", []),
        ("ADD --unpack=false a.tar /x/", "COPY a.tar /x/", []),
        ("ADD a* /x/", "COPY --if-exists a* /x/", ["EM467"]),
        ("ADD a*z /x/", "COPY --if-exists a*z /x/", ["EM467"]),
        ("ADD a*.conf /x/", "COPY --if-exists a*.conf /x/", ["EM423"]),
        ("ADD --chown=5:5 a /x/", "COPY --chown=5:5 a /x/", ["EM423"]),
        # Without a scheme it is a path.
        ("ADD github.com/x/y /x/", "COPY github.com/x/y /x/", ["EM423"]),
    ],
)
def test_plain_files(instructions: str, expected: str, wanted: list[str]) -> None:
    assert_lines(instructions, expected, wanted)


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("ADD https://e.com/a.txt /x/", "COPY (+download/ --source=https://e.com/a.txt) /x/"),
        ("ADD HTTP://e.com/a.txt /x", "COPY (+download/a.txt --source=HTTP://e.com/a.txt) /x"),
        ("ADD http://e.com/a?b=c&d=e /x", 'COPY (+download/a --source=http://e.com/a?b=c&d=e) /x'),
        # No name, a name with a percent code, a name that a variable completes: the one file there is.
        ("ADD https://e.com/ /x", "COPY (+download/* --source=https://e.com/) /x"),
        ("ADD https://e.com /x", "COPY (+download/* --source=https://e.com) /x"),
        ("ADD https://e.com/a%20b /x", "COPY (+download/* --source=https://e.com/a%20b) /x"),
        ("ADD https://e.com/$V/f /x", "COPY (+download/f --source=https://e.com/$V/f) /x"),
        ("ADD https://e.com/f-$V /x", "COPY (+download/* --source=https://e.com/f-$V) /x"),
        ("ADD https://e.com/$V?x=/f /x", "COPY (+download/* --source=https://e.com/$V?x=/f) /x"),
        ('ADD ["https://e.com/a b", "/x"]', 'COPY (+download/* --source="https://e.com/a b") /x'),
        (
            "ADD --chown=1:2 --chmod=600 https://e.com/a /etc/a",
            "COPY --chown=1:2 --chmod=600 (+download/a --source=https://e.com/a) /etc/a",
        ),
        ("ADD --link https://e.com/a /tmp/", "COPY --keep-own (+download/ --source=https://e.com/a) /tmp/"),
        ("ADD --unpack=false https://e.com/a.tar /x", "COPY (+download/a.tar --source=https://e.com/a.tar) /x"),
        ("ADD https://e.com/x.git /x/", "COPY (+clone/src --source=https://e.com/x.git) /x/"),
        ("ADD https://e.com/x.git#v1:sub /x/", "COPY (+clone/src --source=https://e.com/x.git#v1:sub) /x/"),
        ("ADD https://e.com/x.git#$V /x/", "COPY (+clone/src --source=https://e.com/x.git#$V) /x/"),
        ("ADD https://e.com/x.git?ref=v1 /x/", "COPY (+clone/src --source=https://e.com/x.git#v1) /x/"),
        (
            "ADD https://e.com/x.git?tag=v1&subdir=s /x/",
            "COPY (+clone/src --source=https://e.com/x.git#refs/tags/v1:s) /x/",
        ),
        (
            "ADD https://e.com/x.git?branch=b&mtime=commit /x/",
            "COPY (+clone/src --source=https://e.com/x.git#refs/heads/b) /x/",
        ),
        (
            f"ADD https://e.com/x.git?tag=v1&commit={'a' * 40} /x/",
            f"COPY (+clone/src --source=https://e.com/x.git#{'a' * 40}) /x/",
        ),
        (
            f"ADD --checksum={'b' * 40} https://e.com/x.git#v1 /x/",
            f"COPY (+clone/src --source=https://e.com/x.git#{'b' * 40}) /x/",
        ),
        ("ADD https://e.com/x.git?ref=$V&subdir=$S /x/", "COPY (+clone/src --source=https://e.com/x.git#$V:$S) /x/"),
        ("ADD git://e.com/x /x/", "COPY (+clone/src --source=git://e.com/x) /x/"),
        ("ADD a.tar.gz /opt/", "COPY --keep-own (+unpack/ --source=a.tar.gz) /opt/"),
        ("ADD a.TAR /opt", "COPY --keep-own (+unpack/ --source=a.TAR) /opt"),
        ("ADD a-$V.tgz /opt", "COPY --keep-own (+unpack/ --source=a-$V.tgz) /opt"),
    ],
)  # fmt: skip
def test_by_a_helper(instruction: str, expected: str) -> None:
    assert_lines(instruction, expected, ["EM460"])


def test_an_owner_for_what_is_unpacked() -> None:
    """Docker gives --chown to the entries alone, and ignores --chmod; COPY gives the owner to every folder it makes."""
    unknown = converted(f"{BASE}ADD --chown=1 --chmod=700 a.tgz /home/x\n")
    assert body(unknown) == ["COPY --chown=1 (+unpack/ --source=a.tgz) /home/x"]
    assert codes(unknown) == ["EM460", "EM466"]
    for content, found in ((tar(("d/f", 0), folders=("d",)), "EM460"), (tar(("d/f", 0)), "EM420")):
        conversion = converted(f"{BASE}ADD --chown=1 a.tgz /home/x\n", DictContext({"a.tgz": content}))
        assert codes(conversion) == [found]


def test_the_helpers_serve_the_whole_file() -> None:
    conversion = converted(
        f"{BASE[:-1]} AS a\nADD --checksum=sha256:0 https://e.com/a /x/\nADD a.tgz /opt/\n{BASE}"
        "ADD https://e.com/b /x/\nUSER 1\nADD https://e.com/d /x/\n"
    )
    found = targets(conversion)
    helpers = ["add-dockerfile", "download", "unpack"]
    assert list(found) == ["", *helpers, "a", "docker"]
    assert found["download"] == [
        "ARG --required source",
        "ARG checksum",
        "FROM DOCKERFILE --build-arg source=$source --build-arg checksum=$checksum"
        " -f +add-dockerfile/Dockerfile +add-dockerfile/",
        "SAVE ARTIFACT --symlink-no-follow /* /",
    ]
    assert found["unpack"][2].endswith(" -f +add-dockerfile/Dockerfile .")
    assert found["add-dockerfile"][1:6] == [
        "RUN printf '%s\\n' \\",
        "    'FROM scratch' \\",
        "    'ARG source' \\",
        "    'ARG checksum' \\",
        "    'ADD --checksum=$checksum $source /' > /Dockerfile",
    ]
    assert found["a"][1] == "COPY (+download/ --source=https://e.com/a --checksum=sha256:0) /x/"
    assert found["docker"][-2] == "COPY --chown=0:0 (+download/ --source=https://e.com/d) /x/"


def test_names_that_the_file_has_are_left_alone() -> None:
    conversion = converted(f"{BASE[:-1]} AS download\n{BASE}ADD https://e.com/a /x/\n")
    assert body(conversion) == ["COPY (+download-2/ --source=https://e.com/a) /x/"]


@pytest.mark.parametrize(
    ("instruction", "code"),
    [
        ("ADD https://e.com/a(1) /x/", "EM421"),
        ("ADD https://e.com/x.git?submodules=false /x/", "EM422"),
        ("ARG V=1\nADD https://e.com/x.git?ref=${V:-x} /x/", "EM422"),
        ("ARG V=x.git?ref=1\nADD https://e.com/$V /x/", "EM422"),
        ("ADD https://e.com/x.git?ref=a%2Fb /x/", "EM422"),
        ("ADD --checksum=abc https://e.com/x.git /x/", "EM422"),
        ("ADD git@e.com:x/y.git /x/", "EM465"),
        ("ADD ssh://git@e.com/x /x/", "EM465"),
        ("ADD https://e.com/a https://e.com/b /new", "EM407"),
        ("ADD --unpack https://e.com/a.tar /x", "EM461"),
        ("ADD --exclude=*.md https://e.com/x.git /x/", "EM402"),
        # What already exists there, and what of it the archive names, is not known.
        ("ADD a.tgz $WHERE", "EM420"),
        ("RUN chown 5 /srv\nADD a.tgz /srv/x", "EM420"),
        ("RUN a\nADD a.tgz /", "EM420"),
        ("RUN a\nADD a.tgz /tmp/x/", "EM420"),
    ],
)
def test_no_form(instruction: str, code: str) -> None:
    conversion = converted(f"{BASE}{instruction}\n")
    assert codes(conversion) == [code]
    assert body(conversion)[-1] == f"# {code}, not converted: {instruction.rpartition(chr(10))[2]}"


@pytest.mark.parametrize(
    ("instruction", "wanted"),
    [
        ("ADD --keep-git-dir=true https://e.com/x.git /x", ["EM460", "EM463"]),
        ("ADD https://e.com/x.git?keep-git-dir /x", ["EM460", "EM463"]),
        ("ADD https://e.com/x.git?keep-git-dir=false /x", ["EM460"]),
    ],
)
def test_a_kept_git_folder(instruction: str, wanted: list[str]) -> None:
    conversion = converted(f"{BASE}{instruction}\n")
    assert codes(conversion) == wanted
    name = "clone-with-git" if "EM463" in wanted else "clone"
    assert body(conversion)[0].startswith(f"COPY (+{name}/src --source=")


def test_a_variable_is_looked_through() -> None:
    conversion = converted(f"{BASE}ARG U=https://e.com/\nADD ${{U}}f /x\n")
    assert body(conversion)[-1] == "COPY (+download/* --source=${U}f) /x"


ROOTS = tar(("etc/deep/f", 0), ("top", 0), folders=("etc",))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"text", "COPY name /srv/x"),
        (b"", "COPY name /srv/x"),
        (gzip.compress(b"text"), "COPY name /srv/x"),
        (b"BZh91AY", "COPY name /srv/x"),
        (b"]\0\0\x80", "COPY name /srv/x"),
        (ROOTS, "COPY (+unpack/ --source=name) /srv/x"),
        (gzip.compress(ROOTS), "COPY (+unpack/ --source=name) /srv/x"),
        (tar(("f", 5)), "COPY --keep-own (+unpack/ --source=name) /srv/x"),
    ],
)
def test_the_content_decides_and_not_the_name(content: bytes, expected: str) -> None:
    for name in ("plain.tar.gz", "data"):
        conversion = converted(f"{BASE}ADD {name} /srv/x\n", DictContext({name: content}))
        assert codes(conversion) == (["EM460"] if "(" in expected else [])
        assert body(conversion)[0] == expected.replace("name", name)


@pytest.mark.parametrize(
    ("content", "setup", "target", "is_safe"),
    [
        # Root's files go with a plain COPY, which keeps the folders that are there.
        (tar(("etc/f", 0), folders=("etc",)), "RUN a", "/tmp", True),
        (ROOTS, "RUN a", "/tmp", False),
        (ROOTS, "RUN chown 5 /srv", "/srv", False),  # /srv/etc/deep is not named, and may have another mode
        (tar(("etc/f", 0), folders=("etc",)), "RUN chown 5 /srv", "/srv", True),
        (tar(("bin/f", 0), folders=("bin",)), "RUN a", "/", False),  # /bin may be a link
        (tar(("f", 5)), "RUN a", "/srv", True),
        (tar(("f", 5)), "RUN a", "/tmp", False),
        (tar(("f", 5)), "RUN chown 5 /srv", "/srv", False),
        (tar(("tmp/f", 5)), "RUN a", "/", False),
    ],
)
def test_existing_folders_stay_as_they_are(content: bytes, setup: str, target: str, *, is_safe: bool) -> None:
    conversion = converted(f"{BASE}{setup}\nADD a {target}\n", DictContext({"a": content}))
    assert codes(conversion) == ["EM460" if is_safe else "EM420"]


def test_a_build_argument_may_name_another_archive() -> None:
    context = DictContext({"a-1.tar": ROOTS, "b": b""})
    conversion = converted(f"{BASE}ARG V=1\nADD a-$V.tar /opt/\nARG F=b\nADD $F /opt/\n", context)
    assert body(conversion) == [
        "ARG V=1",
        "COPY --keep-own (+unpack/ --source=a-$V.tar) /opt/",
        "ARG F=b",
        "COPY $F /opt/",
    ]
    assert codes(conversion) == ["EM460", "EM423"]


def test_a_linked_archive_replaces_what_it_meets() -> None:
    conversion = converted(f"{BASE}ADD --link a /tmp/\n", DictContext({"a": ROOTS}))
    assert body(conversion) == ["COPY --keep-own (+unpack/ --source=a) /tmp/"]


def test_several_sources_in_their_order() -> None:
    context = DictContext({"a": b"", "b.tar": ROOTS, "c": b"", "d": None})
    conversion = converted(f"{BASE}ADD a c b.tar d \\\n https://e.com/x /srv/\n", context)
    assert body(conversion) == [
        "COPY a c /srv/",
        "COPY (+unpack/ --source=b.tar) /srv/",
        "COPY d /srv/",
        "COPY (+download/ --source=https://e.com/x) /srv/",
    ]


def test_an_archive_of_others_is_evidence_for_its_consumers() -> None:
    text = f"{BASE[:-1]} AS a\nADD --unpack={{}} x.tar /srv/\n{BASE}COPY --from=a /srv/f /srv/f\n"
    other = tar(("f", 5))
    for content, unpacks, flag in ((other, "true", "--keep-own "), (ROOTS, "true", ""), (other, "false", "")):
        conversion = converted(text.format(unpacks), DictContext({"x.tar": content}))
        assert body(conversion)[-1] == f"COPY {flag}+a/srv/f /srv/f"


def test_exact_keeps_times() -> None:
    conversion = converted(f"{BASE}ADD https://e.com/a /x/\n", fidelity="exact")
    assert "SAVE ARTIFACT --keep-ts --symlink-no-follow /* /" in targets(conversion)["download"]
    assert body(conversion) == ["COPY --keep-ts (+download/ --source=https://e.com/a) /x/"]


def test_a_heredoc_is_written() -> None:
    assert "printf '%s\\n'" in (converted(f"{BASE}ADD <<EOF /etc/x\na\nEOF\n").earthfile or "")
