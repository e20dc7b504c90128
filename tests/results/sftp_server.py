"""An SFTP server in a process of its own: ``python sftp_server.py JSON`` prints its port, then serves.

The JSON says: ``root`` (directory), ``host_key`` (file), ``authorized`` (file), ``password``, ``deny`` (writing is
denied), ``full`` (the disk is), ``stall`` (seconds before each write), ``die_after`` (bytes, then the process ends).
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sys
import time
from typing import Any

import asyncssh

OPTIONS: dict[str, Any] = json.loads(sys.argv[1])
written = 0


class Files(asyncssh.SFTPServer):
    def __init__(self, channel: Any) -> None:
        super().__init__(channel, chroot=OPTIONS["root"])

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if OPTIONS.get("deny"):
            raise asyncssh.SFTPPermissionDenied("not here")
        return super().open(path, pflags, attrs)

    def write(self, file: Any, offset: int, data: bytes) -> int:
        global written
        time.sleep(OPTIONS.get("stall", 0))
        written += len(data)
        if OPTIONS.get("full") and written > OPTIONS["full"]:
            raise OSError(errno.ENOSPC, "No space left on device")
        if OPTIONS.get("die_after") and written > OPTIONS["die_after"]:
            os._exit(1)
        return super().write(file, offset, data)


class Server(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return "password" in OPTIONS

    def validate_password(self, username: str, password: str) -> bool:
        return password == OPTIONS.get("password")


async def main() -> None:
    server = await asyncssh.create_server(
        Server,
        "127.0.0.1",
        OPTIONS.get("port", 0),
        server_host_keys=[OPTIONS["host_key"]],
        authorized_client_keys=OPTIONS.get("authorized"),
        sftp_factory=Files,
        allow_scp=False,
    )
    print(server.get_port(), flush=True)
    await server.wait_closed()


asyncio.run(main())
