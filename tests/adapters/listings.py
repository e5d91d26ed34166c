"""An S3 server that only lists, and whatever keys one likes: real ones refuse some that others have taken."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

PAGE = 1000


@dataclass
class Listing:
    """Keys in order, below the prefix `p/`. `asked` are where each page began."""

    keys: Sequence[str]
    asked: list[str] = field(default_factory=list)

    def page(self, after: str) -> str:
        """The XML of the page behind a key."""
        self.asked.append(after)
        first = next((number for number, key in enumerate(self.keys) if f"p/{key}" > after), len(self.keys))
        found = [f"p/{key}" for key in self.keys[first : first + PAGE]]
        more = first + PAGE < len(self.keys)
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>&quot;0&quot;</ETag><Size>7</Size></Contents>"
            for key in found
        )
        token = f"<NextContinuationToken>{escape(found[-1])}</NextContinuationToken>" if more else ""
        return f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{items}</ListBucketResult>"


@contextmanager
def listing(keys: Sequence[str], folder: Path) -> Iterator[tuple[str, Listing]]:
    """The URL of the bucket's prefix, and what is listed."""
    found = Listing(keys)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            if "list-type" in query:
                after = query.get("continuation-token", query.get("start-after", [""]))[0]
                self._say(200, found.page(after))
            else:
                self._say(404, "<Error><Code>NoSuchKey</Code></Error>")

        def _say(self, status: int, text: str) -> None:
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    credentials = folder / "credentials"
    credentials.write_text("[default]\naws_access_key_id = k\naws_secret_access_key = s\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"s3://bucket/p?endpoint=http://127.0.0.1:{server.server_port}&credentials={credentials}", found
    finally:
        server.shutdown()
        server.server_close()
