"""What a run knows of its environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_ttnn_sweeps.results.environment import describe_environment, sha256_of


def git(directory: Path, *arguments: str) -> str:
    identity = {
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "B",
        "GIT_COMMITTER_EMAIL": "c",
    }
    done = subprocess.run(
        ["git", "-C", str(directory), *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull},
    )
    return done.stdout.strip()


def test_git_facts_are_those_of_the_checkout(tmp_path: Path) -> None:
    """Commit, branch, author of the commit, and whether tracked files differ from it."""
    git(tmp_path, "init", "-b", "trunk")
    (tmp_path / "file").write_text("1")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-m", "first")
    clean = describe_environment(tmp_path, environ={})
    (tmp_path / "file").write_text("2")
    dirty = describe_environment(tmp_path, environ={})
    git(tmp_path, "checkout", "--detach", "-f")
    detached = describe_environment(tmp_path, environ={"GITHUB_REF_NAME": "trunk"})

    assert clean["git_sha"] == git(tmp_path, "rev-parse", "HEAD")
    assert (clean["git_branch"], clean["git_author"], clean["git_dirty"]) == ("trunk", "Ada", False)
    assert dirty["git_dirty"] is True
    assert detached["git_branch"] == "trunk"


def test_outside_a_checkout_there_are_no_git_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no error; nor without git."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "git_sha" not in describe_environment(tmp_path, environ={})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git_sha" not in describe_environment(tmp_path, environ={})


@pytest.mark.parametrize(
    ("environ", "facts"),
    [
        (
            {
                "GITHUB_ACTIONS": "true",
                "CI": "true",
                "GITHUB_WORKFLOW": "nightly",
                "GITHUB_RUN_ID": "77",
                "GITHUB_JOB": "sweeps",
                "GITHUB_RUN_ATTEMPT": "2",
                "GITHUB_ACTOR": "ada",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "o/r",
            },
            {
                "ci_provider": "github",
                "ci_pipeline": "nightly",
                "ci_pipeline_id": "77",
                "ci_job": "sweeps",
                "ci_attempt": "2",
                "ci_actor": "ada",
                "ci_url": "https://github.com/o/r/actions/runs/77",
            },
        ),
        (
            {"GITLAB_CI": "true", "CI": "true", "CI_PIPELINE_ID": "5", "CI_JOB_NAME": "s", "CI_JOB_ID": "6"},
            {"ci_provider": "gitlab", "ci_pipeline_id": "5", "ci_job": "s", "ci_job_id": "6"},
        ),
        ({"CI": "1", "CI_JOB_ID": "9"}, {"ci_provider": "ci", "ci_job_id": "9"}),
        ({"CI": "false", "CI_JOB_ID": "9"}, {}),
        ({}, {}),
    ],
)
def test_ci_systems_are_told_apart(tmp_path: Path, environ: dict[str, str], facts: dict[str, str]) -> None:
    """GitHub, GitLab, anyone else's, none."""
    found = describe_environment(tmp_path, environ=environ)

    assert {name: value for name, value in found.items() if name.startswith("ci_")} == facts


def test_versions_of_what_matters_are_known(tmp_path: Path) -> None:
    """Installed packages only."""
    packages = describe_environment(tmp_path, environ={})["packages"]

    assert isinstance(packages, dict)
    assert packages["pytest"] == pytest.__version__


def test_the_masters_hash(tmp_path: Path) -> None:
    """As `sha256sum` gives it; none for what can't be read."""
    (tmp_path / "m.json").write_bytes(b"{}")

    assert sha256_of(tmp_path / "m.json") == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert sha256_of(tmp_path / "none.json") is None
