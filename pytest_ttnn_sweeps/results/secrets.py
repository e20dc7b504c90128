"""Keeping secrets out of everything that is stored or shown: command lines, URLs, errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, unquote, urlsplit

HIDDEN = "***"
_NAMES_A_SECRET = re.compile(
    r"password|passwd|passphrase|secret"
    r"|(?:^|[-_.])(?:pass|pwd|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|auth)(?:$|[-_.])",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(r"([\w.-]+)=([^\s&;,]+)")
_USER_INFO = re.compile(r"(?<=://)([^/@\s:?#]*):(\S*)@")


def masked(text: str) -> str:
    """``text`` with ``***`` for passwords in URLs and for values assigned to what sounds like a secret."""
    return _ASSIGNED.sub(_assigned, _USER_INFO.sub(rf"\1:{HIDDEN}@", text))


def _assigned(found: re.Match[str]) -> str:
    return f"{found[1]}={HIDDEN}" if _NAMES_A_SECRET.search(found[1]) else found[0]


def masked_arguments(arguments: Sequence[str]) -> tuple[str, ...]:
    """A command line with its secrets masked, also where a value is an argument of its own."""
    shown: list[str] = []
    hide_next = False
    for argument in arguments:
        follows, hide_next = hide_next, False
        if follows and not argument.startswith("-"):
            shown.append(HIDDEN)
            continue
        is_flag = argument.startswith("-") and "=" not in argument
        hide_next = is_flag and _NAMES_A_SECRET.search(argument.lstrip("-")) is not None
        shown.append(masked(argument))
    return tuple(shown)


def secrets_of(url: str) -> tuple[str, ...]:
    """The texts in ``url`` that nobody may see, as written and decoded."""
    parts = urlsplit(url)
    found = [value for name, value in parse_qsl(parts.query) if _NAMES_A_SECRET.search(name)]
    at = _USER_INFO.search(url)
    if at is not None:
        found += [at[2], unquote(at[2])]
    return tuple(dict.fromkeys(secret for secret in found if secret))


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """``text`` without any of ``secrets`` and masked; for the words of libraries that quote what they were given."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return masked(text)
