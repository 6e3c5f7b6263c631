"""What earth checks in a whole Earthfile before it builds anything.

Facts: ``internal/earthfile/validator.go`` (always), ``features/features.go`` and ``GetTargetArgs`` (``earth ls``).
"""

from __future__ import annotations

from migrate.earthfile.flags import flags_and_args
from migrate.earthfile.tree import EarthfileError, Statement, Tree

_VERSIONS = ("0.0", "0.6", "0.7", "0.8")
_FEATURE_NAMES = """
    allow-privileged-from-dockerfile allow-without-earthly-labels arg-scope-and-set build-auto-skip
    cache-persist-option check-duplicate-images ci-arg docker-cache earthly-ci-runner-arg earthly-git-author-args
    earthly-locally-arg earthly-version-arg exec-after-parallel explicit-global for-in git-author-email-name-args
    git-commit-author-timestamp git-refs global-cache new-platform no-implicit-ignore no-network no-tar-build-output
    no-use-registry-for-with-docker parallel-load pass-args raw-output referenced-save-only
    require-force-for-unsafe-saves run-with-aws run-with-aws-oidc save-artifact-keep-own shell-out-anywhere try
    use-cache-command use-chmod use-copy-include-patterns use-copy-link use-docker-ignore use-function-keyword
    use-host-command use-no-manifest-list use-project-secrets use-registry-for-with-docker
    use-visited-upfront-hash-collection wait-block wildcard-builds wildcard-copy
"""
_FEATURES = frozenset(_FEATURE_NAMES.split())


def check(tree: Tree, *, strict: bool) -> None:
    """Raise EarthfileError for bad target names and versions; ``strict`` adds what only ``earth ls`` finds."""
    _check_names(tree)
    _check_version(tree)
    if strict:
        _check_first(tree)
        for target in tree.targets:
            for statement in target.statements:
                if statement.name == "ARG":
                    _check_argument(statement)


def _check_names(tree: Tree) -> None:
    seen: set[str] = set()
    for target in tree.targets:
        if target.name in seen:
            raise EarthfileError(f'duplicate target "{target.name}"', target.line, target.column)
        if target.name == "base":
            raise EarthfileError("base is a reserved target name", target.line, target.column)
        seen.add(target.name)


def _check_version(tree: Tree) -> None:
    if tree.version is None:
        return
    if not tree.version:
        raise EarthfileError("unexpected VERSION arguments", tree.version_line, 1)
    if tree.version[-1] not in _VERSIONS:
        raise EarthfileError("invalid VERSION, supported versions are 0.6, 0.7, or 0.8", tree.version_line, 1)


def _check_first(tree: Tree) -> None:
    lines = [statement.line for statement in tree.base[:1]]
    lines += [recipe.line for recipe in (*tree.targets[:1], *tree.functions[:1])]
    first = min(lines, default=1)
    if tree.version is None or (lines and first < tree.version_line):
        raise EarthfileError("no version specified: VERSION must be the first command", first, 1)
    for arg in tree.version[:-1]:
        if arg[:2] != "--" or arg[2:] not in _FEATURES:
            raise EarthfileError(f"unexpected VERSION argument {arg}", tree.version_line, 1)


def _check_argument(statement: Statement) -> None:
    flags, args = flags_and_args(statement)
    if len(args) not in (1, 3):
        message = "invalid syntax"
    elif ("global", None) in flags:
        message = "global ARG can only be set in the base target"
    elif flags and len(args) == 3:
        message = "required ARG cannot have a default value"
    else:
        return
    raise EarthfileError(f"ARG: {message}", statement.line, statement.column)
