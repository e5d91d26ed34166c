"""The one gRPC edge of all services: server, health, reflection, and the translation of errors to status codes.

Unary methods are plain functions and run in a thread pool; streaming ones are coroutines on the server's loop,
so that a watcher costs no thread.
"""

from madseg.rpc.alive import Alive
from madseg.rpc.pieces import PIECE_SECONDS, paced
from madseg.rpc.server import Server, Service
from madseg.rpc.serving import ServerSettings, serving

__all__ = ["PIECE_SECONDS", "Alive", "Server", "ServerSettings", "Service", "paced", "serving"]
