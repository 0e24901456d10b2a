"""blob: test bodies: bytes that are cheap to make and whose every cut, swap or repeat changes the SHA-256."""
import functools
import hashlib
import random

# A prime length: no size that protocols like divides it.
BLOCK = random.Random(88).randbytes(1000003)
PIECE = 256 * 1024


def pieces(n, size=PIECE):
    """n bytes in pieces of at most `size`."""
    at = 0
    while n > 0:
        k = min(n, size, len(BLOCK) - at)
        yield memoryview(BLOCK)[at:at + k]
        n -= k
        at = (at + k) % len(BLOCK)


def blob(n):
    return b"".join(pieces(n))


@functools.lru_cache(None)
def sha256(n):
    digest = hashlib.sha256()
    for piece in pieces(n):
        digest.update(piece)
    return digest.hexdigest()
