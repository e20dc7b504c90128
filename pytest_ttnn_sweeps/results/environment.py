"""What is known of the machine, the checkout and the CI job that a run happens on. Nothing here fails."""

from __future__ import annotations

import getpass
import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

_PACKAGES = ("pytest-ttnn-sweeps", "pytest", "pytest-xdist", "torch", "numpy", "ttnn")
_GIT_SECONDS = 10

_CI: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "github",
        "GITHUB_ACTIONS",
        {
            "ci_pipeline": "GITHUB_WORKFLOW",
            "ci_pipeline_id": "GITHUB_RUN_ID",
            "ci_job": "GITHUB_JOB",
            "ci_job_id": "GITHUB_JOB_ID",
            "ci_attempt": "GITHUB_RUN_ATTEMPT",
            "ci_actor": "GITHUB_ACTOR",
        },
    ),
    (
        "gitlab",
        "GITLAB_CI",
        {
            "ci_pipeline": "CI_PIPELINE_NAME",
            "ci_pipeline_id": "CI_PIPELINE_ID",
            "ci_job": "CI_JOB_NAME",
            "ci_job_id": "CI_JOB_ID",
            "ci_url": "CI_JOB_URL",
            "ci_actor": "GITLAB_USER_LOGIN",
        },
    ),
    (
        "ci",
        "CI",
        {
            "ci_pipeline": "CI_PIPELINE_NAME",
            "ci_pipeline_id": "CI_PIPELINE_ID",
            "ci_job": "CI_JOB_NAME",
            "ci_job_id": "CI_JOB_ID",
            "ci_attempt": "CI_JOB_ATTEMPT",
            "ci_url": "CI_JOB_URL",
            "ci_actor": "CI_ACTOR",
        },
    ),
)
"""CI systems: their name, the variable that tells them, and where they say what. The last one is everyone else's."""


def describe_environment(directory: Path, *, environ: Mapping[str, str] = os.environ) -> dict[str, object]:
    """The fields of `SweepRun` that the environment of a run in ``directory`` gives."""
    return {
        "host": platform.node(),
        "user": _user(environ),
        "project": str(directory),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": _versions(),
        **_git(directory, environ),
        **_ci(environ),
    }


def sha256_of(path: Path) -> str | None:
    """The hash of a file's bytes; None where it can't be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return None
    return digest.hexdigest()


def _user(environ: Mapping[str, str]) -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container's user need not have a name.
        return environ.get("USER", str(os.getuid()))


def _versions() -> dict[str, str]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _git(directory: Path, environ: Mapping[str, str]) -> dict[str, object]:
    facts = _run_git(directory, "log", "-1", "--format=%H%x00%an")
    if facts is None:
        return {}
    sha, _, author = facts.partition("\0")
    status = _run_git(directory, "status", "--porcelain", "--untracked-files=no")
    branch = _run_git(directory, "rev-parse", "--abbrev-ref", "HEAD")
    if branch == "HEAD":
        # CI systems check out a commit, and know the branch that they took it from.
        branch = environ.get("GITHUB_REF_NAME") or environ.get("CI_COMMIT_REF_NAME") or branch
    return {
        "git_sha": sha,
        "git_author": author,
        "git_branch": branch,
        "git_dirty": None if status is None else bool(status),
    }


def _run_git(directory: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_SECONDS,
            check=False,
            # A status that refreshes the index would take a lock from whoever works there.
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _ci(environ: Mapping[str, str]) -> dict[str, object]:
    for name, sign, sources in _CI:
        if environ.get(sign, "").lower() not in ("", "0", "false"):
            found: dict[str, object] = {field: environ[key] for field, key in sources.items() if environ.get(key)}
            if name == "github" and {"GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"} <= set(environ):
                found["ci_url"] = (
                    f"{environ['GITHUB_SERVER_URL']}/{environ['GITHUB_REPOSITORY']}"
                    f"/actions/runs/{environ['GITHUB_RUN_ID']}"
                )
            return {"ci_provider": name, **found}
    return {}
