"""The hashes by which tracers of each era knew a configuration, for joins with what they left behind.

They depend on spelling: on the text of Python's ``repr``, on arguments' names, on device-specific numbers. So they are
computed from a master's JSON, are kept where an entry is rewritten, and never decide what is equal here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import md5, sha256
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def v1_hash(arguments: object) -> str:
    """By which v1 and v1.1 told configurations apart: the MD5 of the argument list's ``repr``."""
    return md5(str(arguments).encode(), usedforsecurity=False).hexdigest()


def v2_signature(arguments: object) -> str:
    """By which v2 told configurations apart: the MD5 of the arguments' sorted JSON."""
    text = json.dumps(arguments, sort_keys=True, default=str)
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def v2_config_hash(operation: str, entry: Mapping[str, Any], *, normalised: bool = False) -> str:
    """The ``config_hash`` of v2: the SHA-256 of operation (as it was spelled), arguments, hardware and mesh.

    ``normalised``: as later tracers computed it, without the ``hash`` numbers of memory configurations and without
    addresses, and with ``"None"`` for an absent shard specification. Entries whose machine lists the placements of
    tensors, which went into the mesh, aren't known to exist and have none here.
    """
    arguments = entry["arguments"]
    content = {
        "operation": operation,
        "arguments": _normalised(arguments) if normalised else arguments,
        "hardware": _hardware(entry),
        "mesh": None,
    }
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _hardware(entry: Mapping[str, Any]) -> list[object] | None:
    executions = entry.get("executions") or [{}]
    machine = executions[0].get("machine_info")
    if not machine:
        return None
    series = machine.get("device_series")
    first = series[0] if isinstance(series, list) and series else series
    return [machine.get("board_type"), first, machine.get("card_count")]


def _normalised(value: object) -> object:
    if isinstance(value, Mapping):
        return {
            key: "None" if key == "shard_spec" and item is None else _normalised(item)
            for key, item in value.items()
            if not (key == "hash" and isinstance(item, int))
        }
    if isinstance(value, list):
        return [_normalised(item) for item in value]
    return _ADDRESS.sub("", value) if isinstance(value, str) else value


def former_hashes(raw: object) -> tuple[str, ...]:
    """What identified the entry ``raw`` of an older master: ``v1:`` or ``v2:`` and the hash, the recorded one of v2."""
    arguments = raw.get("arguments") if isinstance(raw, Mapping) else raw
    if isinstance(arguments, list):
        return (f"v1:{v1_hash(arguments)}",)
    recorded = raw.get("config_hash") if isinstance(raw, Mapping) else None
    return (f"v2:{recorded}",) if isinstance(recorded, str) else ()
