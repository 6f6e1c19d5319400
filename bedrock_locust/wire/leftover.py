"""Sockets that a call leaves behind when it is cut off while its connection is made."""

from __future__ import annotations

import socket
import traceback


def close_sockets(cut_off: BaseException) -> None:
    """Close the sockets that the frames of a call hold, which this has ended.

    urllib3 and gevent close a socket that cannot connect, or whose TLS handshake fails, for an OSError. For what is no
    Exception, such as the GreenletExit of a user that is stopped, it would stay open until the garbage collector comes.
    """
    for frame, _ in traceback.walk_tb(cut_off.__traceback__):
        for value in list(frame.f_locals.values()):
            if isinstance(value, socket.socket):
                value.close()
