"""A bucket of S3 over a real socket: ListObjectsV2 in pages and GetObject, as boto3 asks for them, and refusals.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.core.raw_server import CLOSE, response, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ACTIONS = {True: "s3:ListBucket", False: "s3:GetObject"}
"""Whether a request lists -> the permission that it needs."""


@dataclass
class Bucket:
    """The objects of the only bucket that there is, and what was asked of it."""

    objects: Mapping[str, bytes]
    name: str = "logs"
    page: int = 1000
    """Most entries of a page of the list."""
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Permission -> code and message of the error in place of an answer."""
    breaks: bool = False
    """Whether the connection is closed in the middle of each object."""
    url: str = ""
    actions: set[str] = field(default_factory=set)
    """Permissions that were needed."""
    listed: list[str] = field(default_factory=list)
    """Prefixes that were listed, one for each page."""
    read: list[str] = field(default_factory=list)
    """Keys that were read."""

    def answer(self, peer: socket.socket, request: bytes) -> object:
        """Send what S3 sends."""
        url = urlsplit(request.split(b" ", 2)[1].decode())
        name, _, key = unquote(url.path).removeprefix("/").partition("/")
        action = ACTIONS[not key]
        self.actions.add(action)
        if name != self.name:
            peer.sendall(_error("NoSuchBucket", "The specified bucket does not exist", "404 Not Found"))
        elif action in self.refused:
            peer.sendall(_error(*self.refused[action], "403 Forbidden"))
        elif not key:
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            peer.sendall(response(self._list(query).encode(), content_type="application/xml"))
        else:
            return self._send(peer, key)
        return None

    def _send(self, peer: socket.socket, key: str) -> object:
        self.read.append(key)
        whole = response(self.objects[key], content_type="binary/octet-stream")
        peer.sendall(whole[:-20] if self.breaks else whole)
        return CLOSE if self.breaks else None

    def _list(self, query: Mapping[str, str]) -> str:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        self.listed.append(prefix)
        found = sorted({_entry(key, prefix, delimiter) for key in self.objects if key.startswith(prefix)})
        start = int(query.get("continuation-token", "0"))
        more = len(found) > start + self.page
        entries = "".join(map(_in_xml, found[start : start + self.page]))
        token = f"<NextContinuationToken>{start + self.page}</NextContinuationToken>" if more else ""
        head = f"<Name>{self.name}</Name><EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
        return f"<ListBucketResult>{head}{token}{entries}</ListBucketResult>"


def _entry(key: str, prefix: str, delimiter: str) -> tuple[str, bool]:
    """The key, or the folder in which it is, and whether it is one."""
    folder, slash, _ = key.removeprefix(prefix).partition(delimiter) if delimiter else (key, "", "")
    return (prefix + folder + slash, True) if slash else (key, False)


def _in_xml(entry: tuple[str, bool]) -> str:
    name, is_folder = escape(quote(entry[0], safe="/")), entry[1]
    if is_folder:
        return f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"
    return f"<Contents><Key>{name}</Key><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>"


def _error(code: str, message: str, status: str) -> bytes:
    text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return response(text.encode(), status=status, content_type="application/xml")


def objects_of(folder: Path) -> dict[str, bytes]:
    """The files below a folder, as `aws s3 sync` puts them."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def bucket_of(objects: Mapping[str, bytes], page: int = 1000) -> Iterator[Bucket]:
    """A bucket with these objects, while it is served."""
    bucket = Bucket(objects, page=page)
    with serving(bucket.answer) as server:
        bucket.url = server.url
        yield bucket
