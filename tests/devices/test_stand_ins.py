"""Functions that are replaced for a while."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from pytest_ttnn_sweeps.devices.stand_ins import StandIns, imported_namespaces, names_in


def original() -> str:
    return "original"


def test_the_original_is_back_at_the_end_whatever_the_block_raises() -> None:
    """Also where one stand-in takes another's place, and by every name."""
    module = ModuleType("sweep")
    module.first = module.second = original  # type: ignore[attr-defined]
    module.other = len  # type: ignore[attr-defined]
    assert names_in(module, original) == ["first", "second"]

    with pytest.raises(RuntimeError), StandIns() as stand_ins:
        for name in names_in(module, original):
            stand_ins.put(module, name, lambda: "stand-in")
        stand_ins.put(module, "second", lambda: "another")
        assert (module.first(), module.second()) == ("stand-in", "another")
        raise RuntimeError

    assert vars(module)["first"] is vars(module)["second"] is original


def test_a_module_is_seen_once_and_what_answers_any_name_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under whatever names it is imported, or not imported at all."""

    class Lazy:
        def __getattr__(self, name: str) -> object:
            return self

    module, lazy = ModuleType("sweep"), Lazy()
    for name, value in (("sweep_a", module), ("sweep_b", module), ("lazy", lazy)):
        monkeypatch.setitem(sys.modules, name, value)
    lazy.__dict__ = type("Names", (dict,), {})()  # type: ignore[assignment]

    found = [owner for owner, _ in imported_namespaces(module)]

    assert found[0] is module
    assert sum(owner is module for owner in found) == 1
    assert lazy not in found
    assert next(iter(imported_namespaces(ModuleType("unknown"))))[0].__name__ == "unknown"
