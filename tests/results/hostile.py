"""Texts and numbers that break what stores them carelessly."""

from __future__ import annotations

TEXTS = {
    "empty": "",
    "lone surrogates": "a\ud800b\udfffc",
    "surrogates that would pair": "\ud83d\ude00",
    "escape": "\u241b \u241b0; \u241bd800;",
    "NUL": "before\0after",
    "control characters": "".join(map(chr, range(1, 32))) + "\x7f\x80\x9f",
    "ANSI": "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "line ends": "a\nb\r\nc\rd\u2028e\u2029f\x0bg\x0ch\x85i",
    "astral": "\U0001f9ea \U0010ffff",
    "bidi": "\u202egnp.exe\u202c\ufeff",
    "HTML": "<script>alert('x')</script>&amp;\"><img src=x onerror=alert(1)>",
    "CSV": '=HYPERLINK("http://x","y"),"a""b"\t-1+1',
    "SQL": "'); DROP TABLE sweep_results; --",
    "JSON": '{"vector_id":"x"}\\u0000,"attempt":1}',
    "percent": "%s %(name)s %n {0} ${x} :name ?",
    "long": "0123456789" * 1000,
}

NUMBERS = (0.0, -0.0, 1.5, -1e308, 5e-324, float("nan"), float("inf"), float("-inf"), 2.0**63, 0.1 + 0.2)


def alike(first: object, second: object) -> bool:
    """Equality for which NaN is NaN and -0.0 is not 0.0."""
    return repr(first) == repr(second)
