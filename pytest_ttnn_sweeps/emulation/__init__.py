"""A ``ttnn`` made of torch, for where the real wheel can't be: same names, types, texts, formats, limits and errors.

``install()`` makes ``import ttnn`` give it; ``use_board("n150")`` chooses the card. It claims what an operation
computes and what ttnn would refuse, not how fast a card is nor a card's last bit. It needs nothing but torch and numpy.
"""

from __future__ import annotations

from .boards import BOARDS, board_in_use, use_board
from .errors import NotEmulated
from .install import install, uninstall

__all__ = ["BOARDS", "NotEmulated", "board_in_use", "install", "uninstall", "use_board"]
