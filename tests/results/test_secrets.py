"""Secrets stay out of what is stored and shown."""

from __future__ import annotations

import pytest

from pytest_ttnn_sweeps.results.secrets import masked, masked_arguments, scrubbed, secrets_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:pw@host:5/db", "postgresql://me:***@host:5/db"),
        ("sftp://me:p@w@host/x", "sftp://me:***@host/x"),
        ("postgresql://me:sl/ash@host/db", "postgresql://me:***@host/db"),
        ("s3://bucket/x?secret=abc&region=eu", "s3://bucket/x?secret=***&region=eu"),
        ("--api-key=abc", "--api-key=***"),
        ("DB_PASSWORD=abc", "DB_PASSWORD=***"),
        ("GITHUB_TOKEN=abc", "GITHUB_TOKEN=***"),
        ("to=postgresql://me:pw@host/db", "to=postgresql://me:***@host/db"),
        # What only looks like one.
        ("sqlite:///path/to.db", "sqlite:///path/to.db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("--author=me", "--author=me"),
        ("tokenizer=gpt", "tokenizer=gpt"),
        ("tests/a.py::b[x:y@z]", "tests/a.py::b[x:y@z]"),
    ],
)
def test_masking(text: str, shown: str) -> None:
    """Passwords in URLs and what is assigned to a secret's name; nothing else."""
    assert masked(text) == shown


def test_a_command_line_with_secrets_as_arguments_of_their_own() -> None:
    """An option of a secret's name hides what follows it."""
    arguments = ["pytest", "--token", "abc", "-k", "x", "--sweep-to", "postgresql://u:p@h/d", "--password", "-v"]

    assert masked_arguments(arguments) == (
        *("pytest", "--token", "***", "-k", "x", "--sweep-to", "postgresql://u:***@h/d", "--password", "-v"),
    )


def test_errors_are_scrubbed_of_passwords_in_every_spelling() -> None:
    """A driver may quote the password decoded."""
    secrets = secrets_of("postgresql://me:p%40ss%2Fword@host/db?sslpassword=k%C3%A9y")

    text = scrubbed("auth of p@ss/word (p%40ss%2Fword) with kéy failed for postgresql://me:x@host", secrets)

    assert text == "auth of *** (***) with *** failed for postgresql://me:***@host"
