"""What stops a verification: a code of mappings/diagnostics/verify.yaml and the words that fill its message."""

from __future__ import annotations


class VerifyError(Exception):
    """``code`` is a diagnostic of severity ``error``; ``fields`` fill its message and hint."""

    def __init__(self, code: str, /, **fields: object) -> None:
        super().__init__(code, fields)
        self.code = code
        self.fields = fields
