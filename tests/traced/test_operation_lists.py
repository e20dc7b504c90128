"""Which operations are traced: the packaged lists, a user's own, and names on none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced import OperationFilter


def test_lists_know_every_spelling(tmp_path: Path) -> None:
    """Both packaged lists by any spelling; a user's names win over them; what neither has is unknown, with counts."""
    lists = OperationFilter.load(include=["ttnn::to_device", "my::own"], exclude=["ttnn.exp", "sigmod"])

    found = lists.sort(["ttnn::add", "add", "ttnn.transformer.concatenate_heads", "prim::binary", "Tensor::to", "exp"])

    assert found.included == {"add": 2, "transformer.concatenate_heads": 1}
    assert found.excluded == {"prim.binary": 1, "exp": 1}
    assert found.unknown == {"Tensor.to": 1}
    assert lists.includes("to_device")
    assert lists.includes("ttnn::my::own")
    assert lists.unknown_exclusions(["ttnn.exp", "sigmod", "ttnn::mine"], called={"mine"}).keys() == {"sigmod"}
    assert "sigmoid" in lists.unknown_exclusions(["sigmod"], called=())["sigmod"]


def test_the_packaged_lists_are_upstreams() -> None:
    """486 names, of which 26 others are left out."""
    lists = OperationFilter.load()

    assert (len(lists.included), len(lists.excluded)) == (486, 26)
    assert {"add", "experimental.rotary_embedding", "kv_cache.fill_cache_for_user_"} <= lists.included
    assert {"copy_host_to_device_tensor", "prim.example_multiple_return", "from_torch"} <= lists.excluded


def test_another_list_takes_the_place_of_the_packaged_one(tmp_path: Path) -> None:
    """One name a line with comments; anything else is a mistake with its file."""
    listing = tmp_path / "ops.txt"
    listing.write_text("# mine\nttnn::add   # twice\nttnn.add\n\nto_torch\n")

    assert OperationFilter.load(listing=listing).included == {"add", "to_torch"}
    assert not OperationFilter.load(listing=listing).includes("to_torch")
    listing.write_text("add, exp")
    with pytest.raises(SweepError, match=r"'add, exp' \(.*ops\.txt\) is no operation's name"):
        OperationFilter.load(listing=listing)
    with pytest.raises(SweepError, match="can't read the list"):
        OperationFilter.load(listing=tmp_path / "none.txt")
