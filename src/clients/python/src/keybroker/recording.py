"""Writer and readers of recordings: Tink's AES256-GCM-HKDF streaming format behind a header."""

import io
import secrets
import struct
from collections.abc import Callable, Mapping
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .dek import Dek
from .header import Reason, RecordingError, RecordingHeader, hkdf, read_exactly

_SALT, _PREFIX, _TAG = 32, 7, 16
_BODY_HEADER = 1 + _SALT + _PREFIX
_MAX_SEGMENTS = 1 << 32
_NONCE_END = struct.Struct(">IB")


def file_size(header: RecordingHeader, plaintext_size: int) -> int:
    """Size in bytes of the whole file for a plaintext of a given size."""
    segments = -(-(plaintext_size + _BODY_HEADER) // (header.segment_size - _TAG))
    return header.size + _BODY_HEADER + plaintext_size + _TAG * segments


class _Segments:
    """The segments of a body. Segment 0 starts with the body's header of 40 bytes."""

    def __init__(self, header: RecordingHeader, dek: Dek, salt: bytes, prefix: bytes) -> None:
        self._size = header.segment_size
        self._gcm = AESGCM(hkdf(bytes(dek), salt, header.associated_data))
        self._prefix = prefix

    @classmethod
    def reading(cls, header: RecordingHeader, dek: Dek, body_header: bytes) -> "_Segments":
        if len(body_header) < _BODY_HEADER or body_header[0] != _BODY_HEADER:
            raise RecordingError(Reason.BODY)
        return cls(header, dek, body_header[1 : 1 + _SALT], body_header[1 + _SALT : _BODY_HEADER])

    @staticmethod
    def offset(index: int) -> int:
        return 0 if index else _BODY_HEADER

    def capacity(self, index: int) -> int:
        return self._size - _TAG - self.offset(index)

    def seal(self, index: int, last: bool, plaintext: bytes | bytearray | memoryview) -> bytes:
        return self._gcm.encrypt(self._prefix + _NONCE_END.pack(index, last), plaintext, None)

    def open(self, index: int, last: bool, segment: bytes | memoryview) -> bytes | None:
        """Decrypts a segment; None if it is not authentic in this place."""
        if index == 0:
            segment = segment[_BODY_HEADER:]
        # A last segment is empty only if it is the first.
        if index >= _MAX_SEGMENTS or len(segment) < _TAG + (index != 0):
            return None
        try:
            return self._gcm.decrypt(self._prefix + _NONCE_END.pack(index, last), segment, None)
        except InvalidTag:
            return None


class RecordingWriter(io.RawIOBase):
    """Encrypts a recording as it is written.

    The last segment is written on close: until then the file is incomplete, and readers refuse it. If the body of a
    `with` statement fails, the file stays incomplete. A DEK encrypts one recording; do not use it for a second one.
    """

    def __init__(self, file: BinaryIO, header: RecordingHeader, dek: Dek) -> None:
        self._start(file, header, dek, secrets.token_bytes(_SALT), secrets.token_bytes(_PREFIX))

    @classmethod
    def _with_nonce(
        cls, file: BinaryIO, header: RecordingHeader, dek: Dek, salt: bytes, prefix: bytes
    ) -> "RecordingWriter":
        """Deterministic, for test vectors."""
        writer = cls.__new__(cls)
        writer._start(file, header, dek, salt, prefix)
        return writer

    def _start(self, file: BinaryIO, header: RecordingHeader, dek: Dek, salt: bytes, prefix: bytes) -> None:
        self._failed = True
        self._plaintext = memoryview(bytearray(header.segment_size))
        self._filled = 0
        header.check_key(dek)
        self._file = file
        self._segments = _Segments(header, dek, salt, prefix)
        self._index = 0
        self._capacity = self._segments.capacity(0)
        self._put(bytes(header) + bytes([_BODY_HEADER]) + salt + prefix)
        self._failed = False

    def writable(self) -> bool:
        return True

    def write(self, data, /) -> int:  # type: ignore[no-untyped-def,override]
        if self.closed:
            raise ValueError("the recording is closed")
        if self._failed:
            raise OSError("the recording cannot be continued, because a write failed before")
        view = memoryview(data).cast("B")
        size = len(view)
        done = 0
        while done < size:
            capacity = self._capacity
            if self._filled == capacity:
                self._write_segment(self._plaintext[:capacity], False)
                self._filled = 0
            elif self._filled == 0 and size - done > capacity:
                # Not the last segment: no copy is needed.
                self._write_segment(view[done : done + capacity], False)
                done += capacity
            else:
                part = view[done : done + capacity - self._filled]
                self._plaintext[self._filled : self._filled + len(part)] = part
                self._filled += len(part)
                done += len(part)
        return done

    def _write_segment(self, plaintext: memoryview, last: bool) -> None:
        if self._index >= _MAX_SEGMENTS:
            raise ValueError("the recording has too many segments: use larger ones")
        # The nonce is used up even if the write fails.
        self._failed = True
        self._put(self._segments.seal(self._index, last, plaintext))
        self._failed = False
        if self._index == 0:
            self._capacity = self._segments.capacity(1)
        self._index += 1

    def _put(self, data: bytes) -> None:
        written = self._file.write(data)
        while written != len(data):
            if not written:
                raise BlockingIOError("the file takes no more bytes")
            data = data[written:]
            written = self._file.write(data)

    def abandon(self) -> None:
        """Leaves the file incomplete when it is closed, so that readers refuse it."""
        self._failed = True

    def close(self) -> None:
        if self.closed:
            return
        try:
            if not self._failed:
                self._write_segment(self._plaintext[: self._filled], True)
                self._file.flush()
        finally:
            self._plaintext[:] = bytes(len(self._plaintext))
            super().close()

    def __exit__(self, kind, error, trace) -> None:  # type: ignore[no-untyped-def]
        if kind is not None:
            self.abandon()
        self.close()

    def __del__(self) -> None:
        # A writer that nobody closed must not complete its file.
        self._failed = True
        super().__del__()


def _readinto(file: BinaryIO) -> Callable[[memoryview], int]:
    """For a file that has only `read`, such as a response of HTTP."""

    def readinto(view: memoryview) -> int:
        data = file.read(len(view))
        view[: len(data)] = data
        return len(data)

    return readinto


class RecordingStream(io.RawIOBase):
    """Decrypts a recording from a pipe.

    The end of the stream is reached only if the recording is complete; every byte before it is authentic.
    """

    def __init__(
        self,
        file: BinaryIO,
        header: RecordingHeader,
        dek: Dek,
        context: Mapping[str, str] | None = None,
        *,
        recover: bool = False,
    ) -> None:
        """
        :param file: after the header
        :param context: None if the header's own is trusted
        :param recover: read what there is of an incomplete recording, up to its last whole segment. A recorder that
            crashed and somebody who cut the file look the same
        """
        header.check_context(context)
        header.check_key(dek)
        self._readinto = getattr(file, "readinto", None) or _readinto(file)
        self._size = header.segment_size
        self._recover = recover
        body_header = read_exactly(file, _BODY_HEADER)
        self._segments = _Segments.reading(header, dek, body_header)
        # One byte beyond a segment shows whether it is the last one. It is the first byte of the next.
        self._buffer = memoryview(bytearray(header.segment_size + 1))
        self._buffer[:_BODY_HEADER] = body_header
        self._filled = _BODY_HEADER
        # Views that each segment needs.
        self._segment = self._buffer[: self._size]
        self._free = self._buffer[_BODY_HEADER:]
        self._behind_first = self._buffer[1:]
        self._index = 0
        self._plaintext = b""
        self._position = 0
        self._ended = False
        self._refused = False

    def readable(self) -> bool:
        return True

    def _next(self) -> None:
        # A caller that reads on after a failure must not see an ordinary end.
        if self._refused:
            raise RecordingError(Reason.BODY)
        size = self._size
        while count := self._readinto(self._free):
            self._filled += count
            if self._filled > size:
                break
            self._free = self._buffer[self._filled :]
        last = self._filled <= size
        plaintext = self._segments.open(self._index, last, self._buffer[: self._filled] if last else self._segment)
        if plaintext is None and self._recover and self._filled == size:
            plaintext = self._segments.open(self._index, False, self._segment)
        self._refused = plaintext is None and not self._recover
        self._ended = not self._refused and (last or plaintext is None)
        if self._refused:
            raise RecordingError(Reason.BODY)
        self._plaintext = plaintext or b""
        self._position = 0
        self._buffer[0] = self._buffer[size]
        self._filled = 1
        self._free = self._behind_first
        self._index += 1

    def read(self, size: int | None = -1, /) -> bytes:
        """Returns at most what is left of a segment, or all that is left of the recording without a size."""
        if self.closed:
            raise ValueError("the recording is closed")
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(self._size), b""))
        while size and self._position == len(self._plaintext):
            if self._ended:
                return b""
            self._next()
        plaintext, start = self._plaintext, self._position
        if start + size < len(plaintext):
            self._position = start + size
            return plaintext[start : self._position]
        self._plaintext = b""
        self._position = 0
        # The whole segment, mostly: then this is no copy.
        return plaintext[start:] if start else plaintext

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer, /) -> int:  # type: ignore[no-untyped-def,override]
        view = memoryview(buffer).cast("B")
        part = self.read(len(view))
        view[: len(part)] = part
        return len(part)


class RecordingReader(io.RawIOBase):
    """Decrypts a recording at any position.

    It authenticates the last segment when it opens, so that the size is authentic, and after that reads only the
    segments that it needs.
    """

    def __init__(
        self, file: BinaryIO, dek: Dek, context: Mapping[str, str] | None = None, *, recover: bool = False
    ) -> None:
        """
        :param file: seekable, at the start of the recording
        :param context: None if the header's own is trusted
        :param recover: read what there is of an incomplete recording, up to its last whole segment
        """
        self._file = file
        self._start = file.tell()
        self.header = RecordingHeader.read(file)
        self.header.check_context(context)
        self.header.check_key(dek)
        self._body = self._start + self.header.size
        self._body_size = file.seek(0, io.SEEK_END) - self._body
        file.seek(self._body)
        self._segments = _Segments.reading(self.header, dek, read_exactly(file, _BODY_HEADER))
        self._loaded: tuple[int, bytes] | None = None
        self._position = 0
        segment_size = self.header.segment_size
        self._count = max(1, -(-self._body_size // segment_size))
        self.complete = self._load(self._count - 1, True) is not None
        """Whether the recording is complete. Only a recovered one can be incomplete."""
        if self.complete:
            self.size = self._body_size - _BODY_HEADER - _TAG * self._count
        elif recover:
            self._count = 0
            while (self._count + 1) * segment_size <= self._body_size and self._load(self._count, False) is not None:
                self._count += 1
            self.size = max(0, self._count * (segment_size - _TAG) - _BODY_HEADER)
        else:
            raise RecordingError(Reason.BODY)

    def _load(self, index: int, last: bool) -> bytes | None:
        if self._loaded is not None and self._loaded[0] == index:
            return self._loaded[1]
        start = index * self.header.segment_size
        self._file.seek(self._body + start)
        segment = read_exactly(self._file, min(self.header.segment_size, self._body_size - start))
        plaintext = self._segments.open(index, last, segment)
        self._loaded = None if plaintext is None else (index, plaintext)
        return plaintext

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("the position is negative")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer, /) -> int:  # type: ignore[no-untyped-def,override]
        if self.closed:
            raise ValueError("the recording is closed")
        view = memoryview(buffer).cast("B")
        done = 0
        step = self.header.segment_size - _TAG
        while done < len(view) and self._position < self.size:
            index = (self._position + _BODY_HEADER) // step
            plaintext = self._load(index, self.complete and index == self._count - 1)
            if plaintext is None:
                raise RecordingError(Reason.BODY)
            start = self._position + _BODY_HEADER - index * step - self._segments.offset(index)
            part = plaintext[start : start + len(view) - done]
            view[done : done + len(part)] = part
            done += len(part)
            self._position += len(part)
        return done
