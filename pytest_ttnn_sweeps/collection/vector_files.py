"""``--sweep-vectors``: which files stand for which sweep modules."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.exported import vector_files, with_vectors_of
from pytest_ttnn_sweeps.vectors.module import SweepDefinition


class VectorFiles:
    """The vector files of a directory. They are a selection, too: a module without one has no items."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @cached_property
    def modules(self) -> dict[str, list[Path]]:
        """The files by module name. Raises ``SweepError`` where the directory can't be read."""
        return vector_files(self.directory)

    def check(self, roots: Iterable[Path]) -> None:
        """Raise ``SweepError`` where there is no file, or one whose sweep module isn't below any of the roots."""
        if not self.modules:
            msg = f"--sweep-vectors: there are no vector files (MODULE.json) in {self.directory}"
            raise SweepError(msg)
        roots = [root for root in roots if root.is_dir()]
        for module, files in self.modules.items() if roots else ():
            if not any(root.joinpath(*module.split(".")).with_suffix(".py").is_file() for root in roots):
                below = ", ".join(map(str, roots))
                msg = f"--sweep-vectors: {files[0]}: there is no sweep module {module!r} below {below}"
                raise SweepError(msg)

    def applied(self, module: SweepDefinition) -> SweepDefinition:
        """``module`` with the suites of its files. Raises ``SweepError``."""
        if module.name not in self.modules:
            msg = f"--sweep-vectors: {self.directory} has no vectors of {module.name}"
            raise SweepError(msg)
        return with_vectors_of(self.modules[module.name], module)
