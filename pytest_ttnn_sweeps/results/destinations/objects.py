"""``s3://``, ``gs://``, ``file://`` and whatever else fsspec can write to: the sealed run as one object."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import fsspec

from pytest_ttnn_sweeps.results.destinations import Destination, Refused
from pytest_ttnn_sweeps.results.reading import BUNDLE_SUFFIX, StoredRun, write_bundle
from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun


class ObjectDestination(Destination):
    """Uploads ``<run id>.jsonl``: under a name of its own first, then moved, so that it is never seen in part.

    Keys come from where the store's own tools take them: environment, profile, the machine's role.
    """

    def deliver(self, run: SweepRun, records: Sequence[SweepResult]) -> None:
        """Nothing: `finish` uploads all of them."""

    def finish(self, stored: StoredRun) -> None:
        system, root = fsspec.core.url_to_fs(self.url)
        root = root.rstrip("/")
        final = f"{root}/{stored.run.run_id}{BUNDLE_SUFFIX}"
        temporary = f"{root}/.{stored.run.run_id}.{uuid.uuid4().hex}.tmp"
        with tempfile.TemporaryDirectory() as scratch:
            bundle = Path(scratch, "run")
            write_bundle(stored, bundle)
            try:
                system.makedirs(root, exist_ok=True)
                system.put_file(str(bundle), temporary)
                system.mv(temporary, final)
            except PermissionError as error:
                msg = f"{final}: {error.strerror or 'permission denied'}"
                raise Refused(msg) from None
            finally:
                with suppress(Exception):
                    system.rm_file(temporary)
