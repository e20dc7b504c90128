"""Shards: parts of all vectors that machines or workers share out among them, told by the vector's id alone.

A vector's shard doesn't depend on its suite's other vectors, so it stays where it is when a grid changes. It is told by
the digits that every item's name has: a node id shows which shard it belongs to, and vectors whose names must be longer
to differ are in one shard, where they have the names that they have in an unsharded run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.identity import ID_DIGITS, NAME_DIGITS, is_id_prefix

_SHIFT = 4 * (ID_DIGITS - NAME_DIGITS)
_NAME_BYTES = NAME_DIGITS // 2
_SHARD = re.compile(r"\s*(?P<number>[0-9]+)\s*/\s*(?P<count>[0-9]+)\s*")


@dataclass(frozen=True)
class Shard:
    """Part ``number`` of ``count``; parts count from 1."""

    number: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def __contains__(self, key: int) -> bool:
        return key % self.count == self.number - 1

    def part(self, number: int, count: int) -> Shard:
        """Part ``number`` of ``count`` of this shard: what a worker gets of its machine's."""
        return Shard(self.number + self.count * (number - 1), self.count * count)

    def has(self, name: str) -> bool:
        """Whether the vector of this item name is in the shard; a text that names no vector is in every one."""
        if len(name) < NAME_DIGITS or not is_id_prefix(name):
            return True
        return name_key(name) in self


EVERYTHING = Shard()


def parse_shard(text: str) -> Shard:
    """The shard that ``text`` (``2/8``) states. Raises ``SweepError`` with the grammar."""
    match = _SHARD.fullmatch(text)
    if match is None or not 1 <= int(match["number"]) <= int(match["count"]):
        msg = f"--sweep-shard {text!r}: expected NUMBER/COUNT with 1 <= NUMBER <= COUNT, for example 2/8"
        raise SweepError(msg)
    return Shard(int(match["number"]), int(match["count"]))


def shard_keys(ids: Iterable[int]) -> list[int]:
    """A 64-bit key for each id, given as an integer; a vector is in the shard that has its key.

    Ids are sums of a few digests per axis, so that the remainders of the ids themselves would follow the grid: of two
    values per axis that are both odd all vectors would fall to the same half. The keys are hashes of them.
    """
    return [_key((number >> _SHIFT).to_bytes(_NAME_BYTES, "big")) for number in ids]


def name_key(name: str) -> int:
    """The key of the vector with this item name, or longer id."""
    return _key(bytes.fromhex(name[:NAME_DIGITS]))


def _key(name: bytes) -> int:
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")
