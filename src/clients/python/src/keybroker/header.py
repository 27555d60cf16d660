"""The header of a recording container (src/docs/recording-container.md)."""

import datetime
import enum
import hashlib
import hmac
import re
import struct
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from .dek import Dek

MIN_SEGMENT_SIZE = 1 << 16
MAX_SEGMENT_SIZE = 1 << 20

_MAGIC = b"\x89KBR\r\n\x1a\n"
_VERSION = 1
_COMMITMENT_INFO = b"keybroker/v1 recording commitment"
_LATEST = 253_402_300_799_999
_KEYSTORE = re.compile(r"tenants/[a-z0-9][a-z0-9-]{0,62}/keystores/[a-z0-9][a-z0-9-]{0,62}")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_SEGMENT_SIZE, _CREATED, _CONTEXT, _CONTEXT_HASH, _MEDIA_TYPE, _METADATA = range(1, 7)


class Reason(enum.Enum):
    """Why a file is not read as a recording."""

    FORMAT = "the file is not a recording container, or its header is damaged"
    VERSION = "the recording container has a version that this library does not know"
    CONTEXT = "the encryption context is not the one of this recording, or is hidden and was not given"
    KEY = "the DEK is not the one of this recording"
    BODY = "the recording was changed, or is incomplete (a recorder that crashed leaves such a file: recover it)"


class RecordingError(Exception):
    """A file that is not read as a recording."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class PairLimits:
    pairs: int
    value: int
    total: int
    key: int = 128


CONTEXT_LIMITS = PairLimits(16, 1024, 8192)
METADATA_LIMITS = PairLimits(64, 4096, 32768)


def encode_pairs(pairs: Mapping[str, str], limits: PairLimits) -> bytes:
    """The canonical encoding: sorted by key in unsigned byte order of UTF-8."""
    encoded = sorted((key.encode(), value.encode()) for key, value in pairs.items())
    if any(not 1 <= len(key) <= limits.key or len(value) > limits.value for key, value in encoded):
        raise ValueError(f"a key has 1 to {limits.key} bytes of UTF-8, a value at most {limits.value}")
    if len(encoded) > limits.pairs or sum(len(key) + len(value) for key, value in encoded) > limits.total:
        raise ValueError(f"at most {limits.pairs} pairs with {limits.total} bytes together")
    out = bytearray(struct.pack(">I", len(encoded)))
    for pair in encoded:
        for part in pair:
            out += struct.pack(">I", len(part)) + part
    return bytes(out)


def _decode_pairs(encoded: bytes, limits: PairLimits) -> dict[str, str]:
    (count,) = struct.unpack_from(">I", encoded)
    _require(count <= limits.pairs)
    offset = 4
    before = b""
    total = 0
    pairs = {}
    for _ in range(count):
        parts = []
        for limit in (limits.key, limits.value):
            _require(offset + 4 <= len(encoded))
            (size,) = struct.unpack_from(">I", encoded, offset)
            offset += 4
            _require(size <= limit and offset + size <= len(encoded))
            parts.append(encoded[offset : offset + size])
            offset += size
        _require(before < parts[0])
        before = parts[0]
        total += len(parts[0]) + len(parts[1])
        try:
            pairs[parts[0].decode()] = parts[1].decode()
        except UnicodeDecodeError:
            raise RecordingError(Reason.FORMAT) from None
    _require(offset == len(encoded) and total <= limits.total)
    return pairs


def _require(holds: bool) -> None:
    if not holds:
        raise RecordingError(Reason.FORMAT)


def hkdf(ikm: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869), for one block."""
    prk = hmac.digest(salt, ikm, "sha256")
    return hmac.digest(prk, info + b"\x01", "sha256")


def _commitment(dek: Dek) -> bytes:
    return hkdf(bytes(dek), bytes(32), _COMMITMENT_INFO)


def read_exactly(file: BinaryIO, size: int) -> bytes:
    """Reads `size` bytes, or fewer at the end of the file."""
    data = bytearray()
    while len(data) < size:
        part = file.read(size - len(data))
        if not part:
            break
        data += part
    return bytes(data)


@dataclass(frozen=True)
class RecordingHeader:
    """What a recording says about itself, and its wrapped DEK.

    It is not secret, and it is authentic only once a reader has opened the recording.
    """

    keystore: str
    wrapped_dek: bytes
    segment_size: int
    created_millis: int
    context: Mapping[str, str] | None
    """The encryption context; None if the header has only its hash."""
    context_hash: bytes
    media_type: str | None
    metadata: Mapping[str, str]
    associated_data: bytes

    @classmethod
    def create(
        cls,
        dek: Dek,
        keystore: str,
        wrapped_dek: bytes,
        context: Mapping[str, str],
        *,
        hide_context: bool = False,
        media_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        segment_size: int = MIN_SEGMENT_SIZE,
        created_millis: int | None = None,
    ) -> "RecordingHeader":
        """Creates the header of a new recording.

        :param hide_context: store only a hash of the context. A reader must then know it from elsewhere.
        :param metadata: authentic, but not secret
        :param segment_size: of an encrypted segment, in bytes: a power of two from 64 KiB to 1 MiB
        """
        encoded = encode_pairs(context, CONTEXT_LIMITS)
        millis = time.time_ns() // 1_000_000 if created_millis is None else created_millis
        fields = [(_SEGMENT_SIZE, struct.pack(">I", segment_size)), (_CREATED, struct.pack(">Q", millis))]
        if hide_context:
            fields.append((_CONTEXT_HASH, hashlib.sha256(encoded).digest()))
        else:
            fields.append((_CONTEXT, encoded))
        if media_type is not None:
            fields.append((_MEDIA_TYPE, media_type.encode()))
        if metadata:
            fields.append((_METADATA, encode_pairs(metadata, METADATA_LIMITS)))
        description = b"".join(struct.pack(">BH", tag, len(value)) + value for tag, value in fields)
        associated_data = (
            _MAGIC + bytes([_VERSION]) + struct.pack(">H", len(description)) + description + _commitment(dek)
        )
        try:
            return cls._of(associated_data, keystore, wrapped_dek)
        except RecordingError:
            raise ValueError("the keystore, the wrapped DEK or a field of the header is not valid") from None

    @classmethod
    def read(cls, file: BinaryIO) -> "RecordingHeader":
        """Reads a header and nothing beyond it."""
        start = read_exactly(file, 11)
        _require(len(start) > 8 and start[:8] == _MAGIC)
        if start[8] != _VERSION:
            raise RecordingError(Reason.VERSION)
        _require(len(start) == 11)
        (description,) = struct.unpack_from(">H", start, 9)
        associated_data = start + cls._read(file, description + 32)
        keystore = cls._read(file, cls._read(file, 1)[0])
        (size,) = struct.unpack(">H", cls._read(file, 2))
        _require(size <= 1024)
        return cls._of(associated_data, keystore.decode("latin-1"), cls._read(file, size))

    @staticmethod
    def _read(file: BinaryIO, size: int) -> bytes:
        data = read_exactly(file, size)
        _require(len(data) == size)
        return data

    @classmethod
    def _of(cls, associated_data: bytes, keystore: str, wrapped_dek: bytes) -> "RecordingHeader":
        fields = _parse_fields(associated_data[11:-32])
        encoded = fields.get(_CONTEXT)
        _require(_KEYSTORE.fullmatch(keystore) is not None and 1 <= len(wrapped_dek) <= 1024)
        return cls(
            keystore,
            bytes(wrapped_dek),
            struct.unpack(">I", fields[_SEGMENT_SIZE])[0],
            struct.unpack(">Q", fields[_CREATED])[0],
            None if encoded is None else _decode_pairs(encoded, CONTEXT_LIMITS),
            fields[_CONTEXT_HASH] if encoded is None else hashlib.sha256(encoded).digest(),
            fields[_MEDIA_TYPE].decode("ascii") if _MEDIA_TYPE in fields else None,
            _decode_pairs(fields[_METADATA], METADATA_LIMITS) if _METADATA in fields else {},
            associated_data,
        )

    def __bytes__(self) -> bytes:
        name = self.keystore.encode("ascii")
        return (
            self.associated_data
            + bytes([len(name)])
            + name
            + struct.pack(">H", len(self.wrapped_dek))
            + self.wrapped_dek
        )

    @property
    def size(self) -> int:
        """Size in bytes of the header."""
        return len(self.associated_data) + 3 + len(self.keystore) + len(self.wrapped_dek)

    @property
    def created(self) -> datetime.datetime:
        """When the recording was created."""
        return _EPOCH + datetime.timedelta(milliseconds=self.created_millis)

    @property
    def kek_id(self) -> uuid.UUID | None:
        """The id of the KEK that the wrapped DEK names; None if the bytes are too short to name one."""
        return uuid.UUID(bytes=self.wrapped_dek[2:18]) if len(self.wrapped_dek) >= 18 else None

    @property
    def kek(self) -> str | None:
        """The name of the KEK; None if the wrapped DEK is too short to name one."""
        return f"{self.keystore}/keks/{self.kek_id}" if self.kek_id is not None else None

    def with_wrapped_dek(self, keystore: str, wrapped_dek: bytes) -> "RecordingHeader":
        """The same recording with another wrapped DEK of the same DEK. The body of the file stays as it is."""
        if _KEYSTORE.fullmatch(keystore) is None or not 1 <= len(wrapped_dek) <= 1024:
            raise ValueError("the keystore or the wrapped DEK is not valid")
        return replace(self, keystore=keystore, wrapped_dek=bytes(wrapped_dek))

    def check_context(self, context: Mapping[str, str] | None) -> Mapping[str, str]:
        """Returns the context of the recording; refuses one that is not the recording's.

        :param context: None if the header's own is trusted
        """
        if context is None:
            if self.context is None:
                raise RecordingError(Reason.CONTEXT)
            return self.context
        digest = hashlib.sha256(encode_pairs(context, CONTEXT_LIMITS)).digest()
        if not hmac.compare_digest(digest, self.context_hash):
            raise RecordingError(Reason.CONTEXT)
        return context

    def check_key(self, dek: Dek) -> None:
        """Refuses a DEK that is not the recording's."""
        if not hmac.compare_digest(self.associated_data[-32:], _commitment(dek)):
            raise RecordingError(Reason.KEY)


def _parse_fields(description: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    offset = 0
    before = 0
    while offset < len(description):
        _require(offset + 3 <= len(description))
        tag, size = struct.unpack_from(">BH", description, offset)
        value = description[offset + 3 : offset + 3 + size]
        _require(len(value) == size and before < tag <= _METADATA)
        fields[tag] = value
        before = tag
        offset += 3 + size
    _require(len(fields.get(_SEGMENT_SIZE, b"")) == 4 and len(fields.get(_CREATED, b"")) == 8)
    (segment,) = struct.unpack(">I", fields[_SEGMENT_SIZE])
    _require(MIN_SEGMENT_SIZE <= segment <= MAX_SEGMENT_SIZE and segment & (segment - 1) == 0)
    _require(struct.unpack(">Q", fields[_CREATED])[0] <= _LATEST)
    _require((_CONTEXT in fields) != (_CONTEXT_HASH in fields))
    if _CONTEXT in fields:
        _require(len(fields[_CONTEXT]) >= 4)
    else:
        _require(len(fields[_CONTEXT_HASH]) == 32)
    if _MEDIA_TYPE in fields:
        media_type = fields[_MEDIA_TYPE]
        _require(1 <= len(media_type) <= 255 and all(0x20 <= c <= 0x7E for c in media_type))
    if _METADATA in fields:
        _require(len(fields[_METADATA]) >= 4 and fields[_METADATA] != bytes(4))
    return fields
