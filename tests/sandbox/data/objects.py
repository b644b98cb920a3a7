"""moto's S3 objects, without HTTP: hold the world's lock."""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

from moto.s3.models import FakeDeleteMarker, s3_backends

NUMBERS = itertools.count(1)
COLD = ("GLACIER", "DEEP_ARCHIVE")


class Missing(Exception):
    """There is no such bucket."""


class Stored(NamedTuple):
    key: str
    size: int
    storage_class: str
    identity: int  # of this content: another object under the same key has another
    handle: Any

    def data(self) -> bytes:
        return bytes(self.handle.value)


def bucket(name: str) -> tuple[Any, Any]:
    owner = s3_backends.bucket_accounts.get(name)
    if owner is None:
        raise Missing(name)
    backend = s3_backends[owner[1]][owner[0]]
    return backend, backend.buckets[name]


def put_object(bucket_name: str, key: str, data: bytes) -> None:
    backend, _ = bucket(bucket_name)
    backend.put_object(bucket_name, key, data, disable_notification=True)


def sorted_keys(found: Any) -> list[str]:
    """All keys of moto's bucket, in S3's order: that of UTF-8.  Kept until one comes or goes."""
    known, keys = found.__dict__.get("sandbox_keys", (frozenset(), []))
    now = dict.keys(found.keys)
    if now != known:
        known, keys = found.__dict__["sandbox_keys"] = (frozenset(now), sorted(now))
    return keys


def keys_below(found: Any, prefix: str, after: str = "") -> Iterator[str]:
    """Keys that begin with prefix and sort behind after."""
    keys = sorted_keys(found)
    for number in range(max(bisect_right(keys, after), bisect_left(keys, prefix)), len(keys)):
        if not keys[number].startswith(prefix):
            return
        yield keys[number]


def list_objects(bucket_name: str, prefix: str = "") -> list[Stored]:
    """The current objects below a prefix, by key."""
    _, found = bucket(bucket_name)
    result = []
    for key in keys_below(found, prefix):
        handle = found.keys[key]
        if isinstance(handle, FakeDeleteMarker):
            continue
        identity = handle.__dict__.get("sandbox_identity")
        if identity is None:
            identity = handle.__dict__["sandbox_identity"] = next(NUMBERS)
        result.append(Stored(key, handle.contentsize, handle._storage_class, identity, handle))
    return result


def delete_object(bucket_name: str, key: str) -> None:
    backend, _ = bucket(bucket_name)
    backend.delete_object(bucket_name, key)


def split_location(location: str) -> tuple[str, str]:
    """Bucket and prefix of s3://bucket/prefix; the prefix ends with a slash unless it is empty."""
    rest = location.partition("://")[2]
    name, _, prefix = rest.partition("/")
    return name, prefix if not prefix or prefix.endswith("/") else prefix + "/"
