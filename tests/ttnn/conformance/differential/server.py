"""The wheel as a side, in a process of its own: ``python -m differential.server FD`` answers cases over a socket.

The process imports ttnn and opens nothing. A child of it has the device and answers; when a case kills the child, the
parent says so in its stead and forks another one, which costs hundredths of a second instead of an import.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import socket
import struct
import sys
from typing import Any

import torch

from .side import L1_SMALL_SIZE, Side

HEAD = struct.Struct("!I")
_DIRTY = 77
"""Exit status of a child that has answered, and whose device isn't empty."""


def send(channel: socket.socket, payload: bytes) -> None:
    channel.sendall(HEAD.pack(len(payload)) + payload)


def receive(channel: socket.socket) -> bytes | None:
    """One message, and not a byte more: who reads next may be another process. None at the end."""
    head = _exactly(channel, HEAD.size)
    return None if head is None else _exactly(channel, HEAD.unpack(head)[0])


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    buffer = io.BytesIO()
    while buffer.tell() < size:
        piece = channel.recv(size - buffer.tell())
        if not piece:
            return None
        buffer.write(piece)
    return buffer.getvalue()


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv[1]))
    import ttnn  # type: ignore[import-not-found]

    torch.set_num_threads(1)  # a fork breaks torch's pool of threads
    while True:
        child = os.fork()
        if child == 0:
            _serve(channel, ttnn)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            send(channel, _answer({"crashed": signal.Signals(os.WTERMSIG(status)).name}, None))
        elif os.WEXITSTATUS(status) != _DIRTY:
            sys.exit(os.WEXITSTATUS(status))


def _serve(channel: socket.socket, ttnn: Any) -> None:
    import json

    status = 1
    try:
        device = ttnn.open_device(device_id=0, l1_small_size=L1_SMALL_SIZE)
        side = Side(ttnn, device, golden=True)
        while (request := receive(channel)) is not None:
            send(channel, _answer(*side.run(json.loads(request))))
            if not side.is_clean():
                os._exit(_DIRTY)
        ttnn.close_device(device)
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may climb the stack that the fork has copied
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _answer(outcome: Any, values: list[torch.Tensor] | None) -> bytes:
    arrays = None if values is None else [value.detach().contiguous().double().numpy() for value in values]
    return pickle.dumps((outcome, arrays))


if __name__ == "__main__":
    main()
