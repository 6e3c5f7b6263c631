"""The mappings: compiled files equal their sources, errors name a place, overlays merge."""

from __future__ import annotations

import json
import pickle
import string
from pathlib import Path

import jsonschema
import pytest

from migrate.diagnostics import Collector, Severity
from migrate.mappings import SECTIONS, MappingError, Mappings, builtin, explanation, overlay, read_data
from migrate.mappings_compile import CALL_SITES, check, compile_folder, main, read_yaml

FOLDER = Path(__file__).resolve().parent.parent / "mappings"
SOURCES = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("diagnostics/*.yaml")])
SCHEMA = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))


def definition(path: Path) -> str:
    return "diagnostics" if path.parent.name == "diagnostics" else path.stem.replace("-", "_")


def test_compiled_files_equal_their_sources() -> None:
    for name, text in compile_folder(FOLDER).items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "run: python3 dev.py mappings"


def test_every_file_has_a_section() -> None:
    assert {path.stem.replace("-", "_") for path in FOLDER.glob("*.yaml")} <= {*SECTIONS, *CALL_SITES}
    assert set(SECTIONS) == set(Mappings.__dataclass_fields__) - {"diagnostics", "inspected", "derived"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_schema_holds(path: Path) -> None:
    """A real JSON Schema validator and our small one agree that the file is right."""
    document = read_yaml(path.read_text(encoding="utf-8"), path.name)
    check(document, definition(path))
    schema = {**SCHEMA, "$ref": f"#/$defs/{definition(path)}"}
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document.data)


WRONG = [
    (
        "base-images: {alpine: {usr: root}}",
        "1:24: usr is not known here; known are official, user, shell, onbuild, has_shell, tags, environment, "
        "sets, folders, special_folders, workdir",
    ),
    ("base-images:\n  alpine: {user: 0}", "2:12: string or null expected, not 0"),
    ("base-images:\n  alpine: {shell: [1]}", "2:20: string expected, not 1"),
    ("base-images: {Alpine: {}}", "1:15: the name Alpine does not look like ^[a-z0-9][a-z0-9._/:-]*(\\*)?$"),
    ("base-images: [a]", "1:1: object expected, not a list"),
    (
        "diagnostics: {}",
        "1:1: diagnostics is not known here; known are base-images, builtin-arguments, environment-names, "
        "ownership, timestamps, secret-files, effort",
    ),
    ("effort: {call: -5}", "1:10: -5 is less than 0"),
    (
        "effort: {calls: 5}",
        "1:10: calls is not known here; known are repository, dockerfile, differs, failed, call, warning, second-wave",
    ),
    (
        "builtin-arguments: {X: {kind: odd, earthfile: Y}}",
        '1:25: "odd" is none of "build-platform", "target-platform", "stage", "proxy", "frontend", "earth"',
    ),
    ("builtin-arguments: {X: {kind: proxy}}", "1:21: earthfile is missing"),
    ("environment-names:\n  why:\n  - 1X", '3:5: "1X" does not look like ^[A-Za-z_][A-Za-z0-9_]*\\*?$'),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_overlay_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(MappingError) as caught:
        overlay(builtin(), text, "my.yaml")
    assert str(caught.value) == f"my.yaml:{message}"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(read_yaml(text, "my.yaml").data, SCHEMA)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: a mapping of names to values is expected here"),
        ("[]", "1:1: a mapping of names to values is expected here"),
        ("a: [", "1:5: expected the node content, but found '<stream end>'"),
        ("a: &x 1", "1:4: anchors and aliases are not used in mappings"),
        ("a: {b: *x}", "1:8: found undefined alias 'x'"),
        ("a: 1\na: 2", "2:1: a stands here twice"),
        ("a: 1.5", "1:4: '1.5' is neither text, a whole number, true, false nor null; quote it"),
        ("a: !x 1", "1:4: '1' is neither text, a whole number, true, false nor null; quote it"),
        ("{[a]: 1}", "1:2: a key must be a name"),
        ("a: \x00", "1:1: unacceptable character #x0000: special characters are not allowed"),
        ("a: 1\n---\nb: 2", "2:1: but found another document"),
    ],
)
def test_odd_yaml_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(MappingError) as caught:
        read_yaml(text, "my.yaml")
    assert str(caught.value) == f"my.yaml:{message}"


def test_deep_yaml_is_refused() -> None:
    with pytest.raises(MappingError):
        read_yaml("a: " + "[" * 5000, "my.yaml")


def test_scalars() -> None:
    data = read_yaml("a: text\nb: 'true'\nc: true\nd: 12\ne: ~\nf: [x, y]\n", "my.yaml").data
    assert data == {"a": "text", "b": "true", "c": True, "d": 12, "e": None, "f": ["x", "y"]}


def test_overlay_merges_names_and_replaces_the_rest() -> None:
    text = "base-images:\n  tomcat: {shell: [/bin/ash, -c]}\nenvironment-names:\n  our tools read it: [ACME_*]\n"
    changed = overlay(builtin(), text, "my.yaml")
    assert changed.base_images["tomcat"] == {**builtin().base_images["tomcat"], "shell": ("/bin/ash", "-c")}
    assert changed.base_images["debian"] == builtin().base_images["debian"]
    assert changed.environment_names["ACME_*"] == "our tools read it"
    assert changed.environment_names["CC"] == builtin().environment_names["CC"]
    assert "shell" not in builtin().base_images["tomcat"]


def test_values_are_plain_and_can_be_sent_to_a_worker() -> None:
    assert pickle.loads(pickle.dumps(builtin())) == builtin()
    assert "[" not in repr(builtin().base_images)


def test_every_entry_can_be_reported_and_explained() -> None:
    for code, entry in builtin().diagnostics.items():
        fields = {
            name for text in (entry.message, entry.hint) for _, name, _, _ in string.Formatter().parse(text) if name
        }
        found = Collector("Dockerfile", builtin().diagnostics).report(code, None, **dict.fromkeys(fields, "x"))
        assert found.code == code
        assert found.severity in Severity
        long = explanation(code)
        assert long is not None
        assert all([long.what, long.why, long.do]), f"{code} is not explained"
        assert long.before or not long.after, f"{code} has only half an example"


def test_names_are_unique() -> None:
    names = [entry.name for entry in builtin().diagnostics.values()]
    assert len(names) == len(set(names))


def test_an_unknown_code_has_no_explanation() -> None:
    assert explanation("EM999") is None


def test_builtin_arguments_know_their_earthfile_names() -> None:
    arguments = builtin().builtin_arguments
    assert arguments["BUILDPLATFORM"]["earthfile"] == "NATIVEPLATFORM"
    assert arguments["TARGETARCH"]["earthfile"] == "TARGETARCH"
    assert arguments["TARGETSTAGE"]["earthfile"] is None


def test_missing_data_is_an_error() -> None:
    with pytest.raises(OSError, match=r"nothing\.json"):
        read_data("nothing.json")


def test_compile_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "diagnostics").mkdir()
    (tmp_path / "base-images.yaml").write_text("alpine: {usr: root}\n", encoding="utf-8")
    for name in SECTIONS[1:]:
        (tmp_path / f"{name.replace('_', '-')}.yaml").write_text("{}\n", encoding="utf-8")
    for name in CALL_SITES:
        file = f"{name.replace('_', '-')}.yaml"
        (tmp_path / file).write_bytes((FOLDER / file).read_bytes())
    assert main(tmp_path) == 1
    assert "base-images.yaml:1:10: usr is not known here" in capsys.readouterr().err
    (tmp_path / "base-images.yaml").write_text("alpine: {user: root}\n", encoding="utf-8")
    assert main(tmp_path) == 0
    assert json.loads((tmp_path / "compiled.json").read_text(encoding="utf-8"))["base_images"] == {
        "alpine": {"user": "root"}
    }


def test_a_code_is_defined_once(tmp_path: Path) -> None:
    (tmp_path / "diagnostics").mkdir()
    text = (FOLDER / "diagnostics" / "general.yaml").read_text(encoding="utf-8")
    for name in ("a", "b"):
        (tmp_path / "diagnostics" / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(MappingError, match="EM190 is already defined in another file"):
        compile_folder(tmp_path)
