"""EXPOSE: the ports Docker ends up with, none that earth refuses."""

from __future__ import annotations

import pytest
from support import BASE, assert_lines, body, codes, converted


@pytest.mark.parametrize(
    ("instructions", "expected", "codes"),
    [
        ("EXPOSE 80", "EXPOSE 80", []),
        ("EXPOSE 80 443/tcp 53/udp 8000-8010", "EXPOSE 80 443/tcp 53/udp 8000-8010", []),
        ("EXPOSE 80/TCP", "EXPOSE 80/tcp", []),
        ("EXPOSE 80 \\\n       443", "EXPOSE 80 \\\n       443", []),
        ("ENV P=80\nEXPOSE $P", "ENV P=80\nEXPOSE $P", []),
        # earth fails where a build passes nothing, or two ports.
        ("ARG P=80\nEXPOSE ${P}", "ARG P=80\nEXPOSE ${P}", ["EM618"]),
        ("ARG P=80\nEXPOSE ${P}/udp", "ARG P=80\nEXPOSE ${P}/udp", []),
        # The value is split into words in Docker, not in an Earthfile.
        ('ENV P="80 81/udp"\nEXPOSE $P', 'ENV P="80 81/udp"\nEXPOSE 80 81/udp', []),
        ('ARG P="80 81"\nEXPOSE $P', 'ARG P="80 81"\nEXPOSE 80 81', ["EM306"]),
        # BuildKit's own slip: what stands before the last substitution with an operator is forgotten.
        ("EXPOSE ${A:-80}-${B:-90}", "EXPOSE ${B:-90}", ["EM617"]),
        ("EXPOSE ${A:-80}/udp", "EXPOSE ${A:-80}/udp", []),
        ("EXPOSE 9${A%%.*} 80", "EXPOSE 80", ["EM616", "EM617"]),
        # Legal and empty in Docker, an error in an Earthfile.
        ("EXPOSE ${UNDEFINED}", "", ["EM616"]),
        ("EXPOSE 80 $UNDEFINED", "EXPOSE 80", ["EM616"]),
    ],
)
def test_expose(instructions: str, expected: str, codes: list[str]) -> None:
    assert_lines(instructions, expected, codes)


@pytest.mark.parametrize("instructions", ["ENV P=\nEXPOSE $P", 'ENV P=""\nEXPOSE "$P"', "ARG P\nEXPOSE $P"])
def test_an_empty_port_is_never_emitted(instructions: str) -> None:
    """earth: ``no port specified: <empty>``."""
    assert not [line for line in body(converted(BASE + instructions + "\n")) if line.startswith("EXPOSE")]


@pytest.mark.parametrize(
    ("written", "code"),
    [("EXPOSE 80 $UNDEFINED", "EM601"), ("EXPOSE 80 ${A:+90}", "EM601"), ("ARG A\nEXPOSE 80 ${A:+90}$B", "EM608")],
)
def test_an_image_may_set_it(written: str, code: str) -> None:
    """Then Docker exposes a port that the Earthfile does not."""
    conversion = converted(f"FROM example.com/own\n{written}\n")
    assert code in codes(conversion)
    assert "EXPOSE 80" in body(conversion)
