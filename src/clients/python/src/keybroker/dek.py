"""Data encryption keys."""

import secrets
from types import TracebackType


class Dek:
    """A data encryption key of 32 to 64 bytes, which is overwritten when it is closed."""

    def __init__(self, key: bytes | bytearray) -> None:
        if not 32 <= len(key) <= 64:
            raise ValueError("a DEK of a recording has 32 to 64 bytes")
        self._key: bytearray | None = bytearray(key)

    @classmethod
    def random(cls) -> "Dek":
        """Generates a DEK of 32 bytes."""
        return cls(secrets.token_bytes(32))

    def __bytes__(self) -> bytes:
        if self._key is None:
            raise ValueError("the DEK is closed")
        return bytes(self._key)

    def close(self) -> None:
        """Overwrites the key. Copies that `bytes(dek)` made are left to the garbage collector."""
        if self._key is not None:
            self._key[:] = bytes(len(self._key))
            self._key = None

    def __enter__(self) -> "Dek":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return "Dek(…)"
