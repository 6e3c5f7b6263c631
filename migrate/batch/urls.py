"""Clone URLs: what is one, how it is shown without user and password, and what two of them have in common."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

SCHEMES = ("https", "http", "ssh", "git+ssh", "ssh+git", "git", "file")
"""What git may be asked to fetch with. ``ext::`` and its like run programs."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP = re.compile(
    r"(?:(?P<user>[^@/\s]+)@|(?![A-Za-z]:))(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/@\s\\]+):(?P<path>[^\s].*)", re.DOTALL
)
_HELPER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*::")
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/@\s'\"]*(?:@[^/@\s'\"]*)*@")
_QUERY = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^\s'\"?#]*)[?#][^\s'\"]*")
_REF = re.compile(r"(?![-/.@+])(?!.*(?:\.\.|//|@\{))[^\s\x00-\x20\x7f~^:?*\[\\]+(?<![./])(?<!\.lock)")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def is_url(text: str) -> bool:
    """Whether ``text`` is for git to fetch: a URL, or ``host:path`` as scp has it (one letter is a Windows drive)."""
    return bool(_SCHEME.match(text) or _HELPER.match(text) or _SCP.fullmatch(text))


def problem(url: str) -> str:
    """Why git is not asked for ``url``, "" for one that is fine."""
    scheme = _SCHEME.match(url)
    if url.startswith("-") or any(ord(char) < 32 or ord(char) == 127 for char in url):
        return "this is no URL"
    if scheme is None and _HELPER.match(url):
        return "its transport runs programs"
    if _is_odd(url):
        return "this is no URL" + (" (in a password, / is written %2F, ? %3F and # %23)" if scheme else "")
    if scheme is None:
        return ""
    if scheme[1].lower() not in SCHEMES:
        return f"{scheme[1]} is none of {', '.join(SCHEMES)}"
    if url[scheme.end() :].rpartition("@")[2].startswith("-"):
        return "this is no URL"
    return ""


def _is_odd(text: str) -> bool:
    """Whether ``text`` means a URL and is none, so that nobody can say where in it a password ends.

    Quotes or a name in front, one slash too few, or a slash in the password.
    """
    scheme = _SCHEME.match(text)
    if scheme is None:
        found = _SCP.fullmatch(text)
        return "://" in text or (found is not None and found["host"].lower() in SCHEMES)
    authority = re.split("[/?#]", text[scheme.end() :], maxsplit=1)[0]
    port = authority.rpartition("]")[2].partition(":")[2]
    return "@" not in authority and "@" in text and not re.fullmatch("[0-9]*", port)


def good_ref(ref: str) -> bool:
    """Whether ``ref`` can name a branch, a tag or a commit, and nothing else to git's command line."""
    return bool(_REF.fullmatch(ref))


def is_commit(ref: str) -> bool:
    """Whether ``ref`` is the whole name of a commit."""
    return bool(_COMMIT.fullmatch(ref))


def shown(url: str) -> str:
    """``url`` without user, password, query and fragment: what may be printed and stored."""
    scheme = _SCHEME.match(url)
    if _is_odd(url):
        return (scheme[0] if scheme else "") + re.split("[?#]", url.rpartition("@")[2])[0]
    if scheme is not None:
        rest = re.split("[?#]", url[scheme.end() :], maxsplit=1)[0]
        authority, slash, path = rest.partition("/")
        return f"{scheme[0]}{authority.rpartition('@')[2]}{slash}{path}"
    found = _SCP.fullmatch(url)
    return f"{found['host']}:{found['path']}" if found and found["user"] else url


def scrubbed(text: str, url: str) -> str:
    """``text``, which git said of ``url``, without the secrets of that URL and the user of any other."""
    text = text.replace(url, shown(url)) if url else text
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "***")
    return _QUERY.sub(r"\1", _USERINFO.sub(r"\1", text))


def _secrets(url: str) -> set[str]:
    """Passwords and values of the query, as written and as decoded; a user without a password may be a token."""
    if not _SCHEME.match(url):
        return set()
    try:
        parts = urlsplit(url)
    except ValueError:
        return set()
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    found = {password, *(pair.partition("=")[2] for pair in re.split("[&;]", parts.query))}
    if len(user) >= 12:
        found.add(user)
    return {text for item in found if len(item) >= 4 for text in (item, unquote(item))}


def basename(url: str) -> str:
    """The folder that ``git clone`` would make."""
    path = shown(url).rstrip("/").removesuffix("/.git")
    name = re.split(r"[/:\\]", path)[-1].removesuffix(".git")
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "repository"


def label(url: str) -> str:
    """A short name for people: the last two parts of the path."""
    found = _SCP.fullmatch(url) if not _SCHEME.match(url) and not _is_odd(url) else None
    path = found["path"] if found else re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*", "", shown(url))
    path = path.rstrip("/").removesuffix("/.git").removesuffix(".git")
    parts = [part for part in re.split(r"[/\\]", path) if part]
    return "-".join(parts[-2:])


def key(url: str) -> str:
    """Equal for URLs of one repository. What a ``.git`` at the end means is only sure on servers."""
    text = shown(url).rstrip("/")
    scheme = _SCHEME.match(text)
    if scheme is None:
        host, _, path = text.partition(":")
        return f"{host.lower()}:{path.removesuffix('.git')}"
    if scheme[1].lower() == "file":
        return text
    host, slash, path = text[scheme.end() :].partition("/")
    return f"{scheme[1].lower()}://{host.lower()}{slash}{path.removesuffix('.git')}"
