"""RUN --mount and --device: what BuildKit takes (every row was run against it)."""

from __future__ import annotations

import pytest

from migrate.dockerfile.mounts import (
    MountError,
    check_options,
    csv_fields,
    is_size,
    mount_type,
    parse_device,
    parse_options,
)
from migrate.dockerfile.words import WordError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ["a"]),
        ("a,b=c,", ["a", "b=c", ""]),
        ('"a,b",c', ["a,b", "c"]),
        ('"a""b"', ['a"b']),
        (" a", [" a"]),
        (",", ["", ""]),
    ],
)
def test_fields(text: str, expected: list[str]) -> None:
    assert csv_fields(text) == expected


@pytest.mark.parametrize("text", ["", 'a"b', '"a', '"a"b', '"a" ,b'])
def test_broken_fields(text: str) -> None:
    with pytest.raises(MountError):
        csv_fields(text)


def test_options_keep_their_order() -> None:
    assert parse_options("type=cache,Target=/a,ro,ID=x=y") == (
        ("type", "cache"),
        ("target", "/a"),
        ("ro", None),
        ("id", "x=y"),
    )
    with pytest.raises(MountError):
        parse_options("type=bind,from=$X")
    assert parse_options("from=a$") == (("from", "a$"),)


def test_the_type() -> None:
    assert mount_type(parse_options("target=/a"), "\\") == "bind"
    assert mount_type(parse_options("type=CACHE"), "\\") == "cache"
    assert mount_type(parse_options("type='cache'"), "\\") == "cache"
    assert mount_type(parse_options("type=$T"), "\\") is None


GOOD = [
    "type=bind,source=.,target=/a",
    "target=/a,rw",
    "target=/a,rw=false,readonly=1",
    "type=cache,target=/a,sharing=LOCKED,mode=0755,uid=1,gid=0,id=x",
    "type=tmpfs,size=1g,target=/a",
    "type=secret,id=a,required",
    "type=secret,target=/a,env=X,mode=0400",
    "type=ssh,required=true",
    "type=ssh",
    "type=$T,mode=1,size=1",
    "type=cache,uid=$X,sharing=$Y,mode=$Z",
    "type=secret,src=a",
    "type=secret,src=$A,id=$B",
    "type=bind,from=",
    "target=a\\b",
]
BAD = {
    "type=volume": "'type' cannot be 'volume' (bind, cache, tmpfs, secret, ssh)",
    "type=bind,size=1": "'size' does not go with type bind (or stands before the type)",
    "size=1g,type=tmpfs": "'size' does not go with type bind (or stands before the type)",
    "required,type=secret,id=a": "'required' does not go with type bind (or stands before the type)",
    "required=true,type=secret,id=a": "'required' does not go with type bind (or stands before the type)",
    "type=tmpfs,size=big": "'big' is no size",
    "type=cache,mode=9": "'9' is no octal mode",
    "type=cache,uid=-1": "'-1' is no uid",
    "type=cache,gid=4294967296": "'4294967296' is no gid",
    "type=cache,sharing=": "'sharing' cannot be '' (shared, private, locked)",
    "type=cache,ro=yes": "'ro' cannot be 'yes' (true or false)",
    "type=cache,target": "'target' needs a value",
    "type=cache,": "'' needs a value",
    "type=cache, target=/a": "' target' is no option of a mount, did you mean target?",
    "type=cache,targe=/a": "'targe' is no option of a mount, did you mean target?",
    "type=bind,mode=0755": "'mode' does not go with type bind",
    "type=tmpfs,uid=1": "'uid' does not go with type tmpfs",
    "type=secret": "a secret needs an 'id' or a 'target'",
    "type=secret,id=a,from=b": "a secret has no 'from'",
    "type=secret,id=a,source=b": "'source' and 'id' name a secret twice",
    "type=ssh,sharing=shared": "'sharing' does not go with type ssh",
    "type=bind,sharing=$X": "'sharing' does not go with type bind",
}


@pytest.mark.parametrize("text", GOOD)
def test_accepted(text: str) -> None:
    check_options(parse_options(text), "\\")


@pytest.mark.parametrize(("text", "message"), BAD.items())
def test_refused(text: str, message: str) -> None:
    with pytest.raises(MountError) as caught:
        check_options(parse_options(text), "\\")
    assert str(caught.value) == message


def test_a_broken_value() -> None:
    with pytest.raises(WordError):
        check_options(parse_options("target=${a^}"), "\\")


@pytest.mark.parametrize("text", ["1", "1.5g", "64m", "64MB", "64MiB", "1_0", "1 k", "0", "10b", "1e3", "5p"])
def test_sizes(text: str) -> None:
    assert is_size(text)


@pytest.mark.parametrize("text", ["", "g", "-1", "1x", "1bb", "1ki", "1__0", "1  k", "k1", "1kibb", "1e999"])
def test_no_sizes(text: str) -> None:
    assert not is_size(text)


@pytest.mark.parametrize("text", ["a.com/b=c", "name=a", "a,required", "a,required=false", "required"])
def test_devices(text: str) -> None:
    parse_device(text)


@pytest.mark.parametrize("text", ["", "a,b", "name=a,name=b", "a,required=maybe", "a,b=c"])
def test_no_devices(text: str) -> None:
    with pytest.raises(MountError):
        parse_device(text)
