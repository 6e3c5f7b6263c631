"""What the Dockerfile frontend inside earth gets wrong is found, and nothing else."""

from __future__ import annotations

import pytest
from support import converted

from migrate import embedded
from migrate.mappings import builtin

BASE = "FROM alpine:3.20\n"
ARRAY = 'CMD ["echo", "\\u001b[1m"]'
REASONS = {name: entry["reason"] for name, entry in builtin().fallback["refuses"].items()}


def refused(text: str) -> str | None:
    """The reason against a fallback of the last stage of ``text``, None when it falls."""
    conversion = converted(f"{text}\n{ARRAY}\n", fallback="dockerfile")
    assert conversion.earthfile is not None, [found.message for found in conversion.diagnostics]
    last = len(text.split("\n")) + 1
    found = [item.message for item in conversion.diagnostics if item.code == "EM224" and item.span]
    at_end = [
        item.message
        for item in conversion.diagnostics
        if item.code == "EM224" and item.span and item.span.start.line == last
    ]
    assert bool(found) == bool(at_end)
    return at_end[0] if at_end else None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"{BASE}COPY --parents a b /c/", "copy-parents"),
        (f"{BASE}COPY --exclude=a b /c/", "copy-exclude"),
        (f"{BASE}ADD --exclude=a b /c/", "add-exclude"),
        (f"{BASE}ADD --unpack=true b /c/", "add-unpack"),
        (f"{BASE}RUN --security=insecure x", "run-security"),
        (f"{BASE}RUN --device=a=b x", "run-device"),
        (f"{BASE}RUN --network=host x", "network-host"),
        (f"{BASE}LABEL dev.earthly.version=1", "overwritten-label"),
        (f"{BASE}RUN --mount=type=secret,id=a x", "secret"),
        (f"{BASE}RUN --mount=type=ssh x", "ssh"),
        (f"{BASE}COPY --chmod=a+x f /usr/bin/", "symbolic-mode"),
        (f"{BASE}ARG M=755\nCOPY --chmod=$M f /usr/bin/", "variable-mode"),
        (f"{BASE}COPY --chmod=1755 f /usr/bin/", "special-mode"),
        (f"{BASE}COPY --chmod=600 f.txt /new/f", "new-folder-mode"),
        (f"{BASE}COPY --chmod=600 f.txt new/", "new-folder-mode"),
        ("FROM scratch\nCOPY --chmod=600 f.txt /etc/f", "new-folder-mode"),
        (f"{BASE}ADD --chown=1 f.txt /etc/", "owner-of-unpacked"),
        (f"{BASE}ADD https://h/x.git?ref=main /x", "add-git"),
        (f"{BASE}ADD git@h:x.git /x", "git-over-ssh"),
        (f"{BASE}ADD ssh://h/x.git /x", "git-over-ssh"),
        (f"{BASE}ADD --checksum={'0' * 40} https://h/x.git /x", "add-git"),
        (f"{BASE}ENV A=b\nENV C=${{A#b}}", "pattern-expansion"),
        (f"{BASE}ENV A=b\nENV C=${{A//b/c}}", "pattern-expansion"),
        (f"{BASE}ENV A=b\nCOPY <<E /f\n${{A%b}}\nE", "pattern-expansion"),
        ("ARG A=3.20.x\nFROM alpine:${A%.x}", "pattern-expansion"),
        (f"{BASE}EXPOSE ${{A:-1}}-${{B:-2}}", "expose-substitution"),
        (f"ARG A=1\nARG A\nARG B=$A\n{BASE}ARG B\nARG A=2", "emptied-argument"),
        (f"{BASE}ARG TARGETOSVERSION", "unknown-platform-argument"),
        (f"{BASE}ARG BUILDOSVERSION", "unknown-platform-argument"),
        (f"{BASE}ARG TARGETSTAGE", "unknown-platform-argument"),
        (f"{BASE}ARG BUILDARCH=x\nFROM alpine:3.20\nARG BUILDARCH\nCOPY --from=0 /a /b", "mixed-platform-argument"),
        (f"{BASE}ARG A=1 B=$A", "several-arguments"),
        (f'{BASE}RUN ["a"] && b', "broken-array"),
        (f'{BASE}CMD ["a"] b', "broken-array"),
        (f'{BASE}ENTRYPOINT [ "a" ] b', "broken-array"),
        (f'{BASE}HEALTHCHECK CMD ["a"] b', "broken-array"),
        (f"{BASE}RUN << E\nx\nE", "heredoc-after-blank"),
        (f"# check=skip=all\n# escape=`\n{BASE}RUN x", "check-directive"),
        (f"# escape=`\n{BASE}COPY --chown=a`b f /g", "escape-in-flags"),
        (f"{BASE}RUN x\nFROM alpine:3.20 AS t\nONBUILD COPY --from=0 /a /b\nFROM t", "trigger-with-source"),
    ],
)
def test_refused(text: str, name: str) -> None:
    message = refused(text)
    assert message is not None
    assert REASONS[name] in message


@pytest.mark.parametrize(
    "text",
    [
        f"{BASE}COPY --parents=false a b /c/",
        f"{BASE}RUN --network=none x",
        f"{BASE}RUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/t --mount=type=bind,target=/b x",
        f"{BASE}COPY --chmod=755 f /new/",
        f"{BASE}COPY --chmod=600 f.txt /etc/f",
        f"{BASE}WORKDIR /w\nCOPY --chmod=600 f.txt .",
        f"{BASE}WORKDIR /new\nCOPY --chmod=600 f.txt /new/f",
        f"{BASE}ADD --chown=1 https://h/f /etc/",
        f"{BASE}ADD https://h/f?x=y.git /etc/",
        f"{BASE}ADD --checksum=sha256:{'0' * 64} https://h/f /etc/",
        f"{BASE}RUN echo ${{A%b}}",
        f"{BASE}CMD echo ${{A%b}}",
        f"{BASE}COPY <<'E' /f\n${{A%b}}\nE",
        f"{BASE}EXPOSE ${{A:-1}} $B-2 2-$B",
        f"ARG A=1\nARG A\n{BASE}ARG A",
        f"{BASE}ARG TARGETARCH BUILDPLATFORM",
        f"{BASE}ARG A=1 B=2",
        f"ARG A=1 B=$A\n{BASE}ARG B",
        f'{BASE}RUN [ "$A" = b ] && x',
        f'{BASE}RUN [ -x "a" ]',
        f'{BASE}CMD ["a"]',
        f"{BASE}RUN <<E\nx << y\nE",
        f"{BASE}RUN cat <<-E\nx\nE",
        f"# escape=`\n# check=skip=all\n{BASE}RUN x",
        f"# escape=`\n{BASE}RUN x `\n y",
        f"{BASE}LABEL dev.earthly.x=dev.earthly.version",
        f"{BASE}RUN x",
    ],
)
def test_not_refused(text: str) -> None:
    assert refused(text) is None


def test_a_stage_needs_a_name_of_its_own() -> None:
    conversion = converted(f"{BASE}{ARRAY}\nFROM a AS b\n{ARRAY}\nFROM c AS b\n{ARRAY}\n", fallback="dockerfile")
    messages = [item.message for item in conversion.diagnostics if item.code == "EM224"]
    assert [REASONS["unnamed-stage"] in messages[0], REASONS["hidden-stage"] in messages[1]] == [True, True]
    assert len(messages) == 2


def test_every_check_is_listed_and_every_listed_one_exists() -> None:
    entries = builtin().fallback["refuses"].values()
    assert {entry["check"] for entry in entries if "check" in entry} == set(embedded.CHECKS)
    assert all(len({"flag", "mount", "check", "finding"} & set(entry)) == 1 for entry in entries)
    assert {entry["finding"] for entry in entries if "finding" in entry} <= set(builtin().diagnostics)
