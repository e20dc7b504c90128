"""Lets the project's tests drive pytest itself."""

pytest_plugins = ["pytester"]
