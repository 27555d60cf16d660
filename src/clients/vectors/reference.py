#!/usr/bin/env python3
"""The recording container (src/docs/recording-container.md) in memory, as plainly as possible.

This is the reference from which recording-container.json is generated: `python3 reference.py`. Needs Python 3.11 and
the package `cryptography`. The clients are separate implementations and are checked against the vectors.
"""

import hashlib
import json
import pathlib
import re
import struct
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"\x89KBR\r\n\x1a\n"
VERSION = 1
COMMITMENT_INFO = b"keybroker/v1 recording commitment"
MIN_SEGMENT, MAX_SEGMENT = 1 << 16, 1 << 20
SALT, PREFIX, TAG = 32, 7, 16
BODY_HEADER = 1 + SALT + PREFIX
LATEST = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
KEYSTORE = re.compile(rb"tenants/[a-z0-9][a-z0-9-]{0,62}/keystores/[a-z0-9][a-z0-9-]{0,62}")
(SEGMENT_SIZE, CREATED, CONTEXT, CONTEXT_HASH, MEDIA_TYPE, METADATA) = range(1, 7)


class Refused(Exception):
    """The file is refused, for one of the reasons of the specification."""


@dataclass
class Header:
    segment_size: int
    created_millis: int
    context: dict[str, str] | None  # None if the header has only the hash
    context_hash: bytes
    media_type: str | None
    metadata: dict[str, str]
    commitment: bytes
    keystore: str
    wrapped_dek: bytes
    associated_data: bytes
    size: int


def hkdf(ikm: bytes, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, info).derive(ikm)


def encode_pairs(pairs: dict[str, str]) -> bytes:
    encoded = struct.pack(">I", len(pairs))
    for key, value in sorted((k.encode(), v.encode()) for k, v in pairs.items()):
        encoded += struct.pack(">I", len(key)) + key + struct.pack(">I", len(value)) + value
    return encoded


def decode_pairs(encoded: bytes, most: int, value_bytes: int, total: int) -> dict[str, str]:
    offset, before, sizes, pairs = 4, b"", 0, {}
    (count,) = struct.unpack_from(">I", encoded)
    require(count <= most)
    for _ in range(count):
        parts = []
        for _ in range(2):
            require(offset + 4 <= len(encoded))
            (length,) = struct.unpack_from(">I", encoded, offset)
            offset += 4
            require(offset + length <= len(encoded))
            parts.append(encoded[offset : offset + length])
            offset += length
        key, value = parts
        require(before < key and len(key) <= 128 and len(value) <= value_bytes)
        before, sizes = key, sizes + len(key) + len(value)
        pairs[text(key)] = text(value)
    require(offset == len(encoded) and sizes <= total)
    return pairs


def text(encoded: bytes) -> str:
    try:
        return encoded.decode()
    except UnicodeDecodeError as e:
        raise Refused("FORMAT") from e


def require(holds: bool) -> None:
    if not holds:
        raise Refused("FORMAT")


def write(
    plaintext: bytes,
    dek: bytes,
    keystore: str,
    wrapped_dek: bytes,
    context: dict[str, str],
    *,
    salt: bytes,
    nonce_prefix: bytes,
    created_millis: int,
    segment_size: int = MIN_SEGMENT,
    hide_context: bool = False,
    media_type: str | None = None,
    metadata: dict[str, str] | None = None,
) -> bytes:
    encoded = encode_pairs(context)
    fields = [(SEGMENT_SIZE, struct.pack(">I", segment_size)), (CREATED, struct.pack(">Q", created_millis))]
    if hide_context:
        fields.append((CONTEXT_HASH, hashlib.sha256(encoded).digest()))
    else:
        fields.append((CONTEXT, encoded))
    if media_type is not None:
        fields.append((MEDIA_TYPE, media_type.encode("ascii")))
    if metadata:
        fields.append((METADATA, encode_pairs(metadata)))
    description = b"".join(struct.pack(">BH", tag, len(value)) + value for tag, value in fields)
    commitment = hkdf(dek, None, COMMITMENT_INFO)
    associated_data = MAGIC + bytes([VERSION]) + struct.pack(">H", len(description)) + description + commitment
    name = keystore.encode("ascii")
    envelope = bytes([len(name)]) + name + struct.pack(">H", len(wrapped_dek)) + wrapped_dek

    gcm = AESGCM(hkdf(dek, salt, associated_data))
    body = bytes([BODY_HEADER]) + salt + nonce_prefix
    first = segment_size - BODY_HEADER - TAG
    segments = [plaintext[:first]]
    segments += [plaintext[i : i + segment_size - TAG] for i in range(first, len(plaintext), segment_size - TAG)]
    for i, segment in enumerate(segments):
        body += gcm.encrypt(nonce(nonce_prefix, i, i == len(segments) - 1), segment, None)
    return associated_data + envelope + body


def nonce(prefix: bytes, index: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", index, last)


def parse(file: bytes) -> Header:
    require(file[:8] == MAGIC)
    if file[8:9] != bytes([VERSION]):
        raise Refused("VERSION" if len(file) > 8 else "FORMAT")
    require(len(file) >= 11)
    (length,) = struct.unpack_from(">H", file, 9)
    end = 11 + length + 32
    require(len(file) >= end)
    fields = parse_fields(file[11 : 11 + length])
    require(len(file) > end)
    keystore = file[end + 1 : end + 1 + file[end]]
    offset = end + 1 + len(keystore)
    require(KEYSTORE.fullmatch(keystore) is not None and len(file) >= offset + 2)
    (wrapped_size,) = struct.unpack_from(">H", file, offset)
    wrapped_dek = file[offset + 2 : offset + 2 + wrapped_size]
    require(1 <= wrapped_size <= 1024 and len(wrapped_dek) == wrapped_size)
    encoded = fields.get(CONTEXT)
    return Header(
        struct.unpack(">I", fields[SEGMENT_SIZE])[0],
        struct.unpack(">Q", fields[CREATED])[0],
        None if encoded is None else decode_pairs(encoded, 16, 1024, 8192),
        fields[CONTEXT_HASH] if encoded is None else hashlib.sha256(encoded).digest(),
        fields[MEDIA_TYPE].decode("ascii") if MEDIA_TYPE in fields else None,
        decode_pairs(fields[METADATA], 64, 4096, 32768) if METADATA in fields else {},
        file[end - 32 : end],
        keystore.decode("ascii"),
        wrapped_dek,
        file[:end],
        offset + 2 + wrapped_size,
    )


def parse_fields(description: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    offset = 0
    while offset < len(description):
        require(offset + 3 <= len(description))
        tag, length = struct.unpack_from(">BH", description, offset)
        value = description[offset + 3 : offset + 3 + length]
        require(len(value) == length and SEGMENT_SIZE <= tag <= METADATA and tag > max(fields, default=0))
        fields[tag] = value
        offset += 3 + length
    require(len(fields.get(SEGMENT_SIZE, b"")) == 4 and len(fields.get(CREATED, b"")) == 8)
    size = struct.unpack(">I", fields[SEGMENT_SIZE])[0]
    require(MIN_SEGMENT <= size <= MAX_SEGMENT and size & (size - 1) == 0)
    require(struct.unpack(">Q", fields[CREATED])[0] <= LATEST)
    require((CONTEXT in fields) != (CONTEXT_HASH in fields))
    require(len(fields.get(CONTEXT, b"....")) >= 4 and len(fields.get(CONTEXT_HASH, b"." * 32)) == 32)
    media_type = fields.get(MEDIA_TYPE, b"a")
    require(1 <= len(media_type) <= 255 and all(0x20 <= c <= 0x7E for c in media_type))
    require(len(fields.get(METADATA, b"....")) >= 4 and fields.get(METADATA) != b"\0\0\0\0")
    return fields


def read(file: bytes, dek: bytes, context: dict[str, str] | None = None, recover: bool = False) -> bytes:
    header = parse(file)
    if header.context is None and context is None:
        raise Refused("CONTEXT")
    if context is not None and hashlib.sha256(encode_pairs(context)).digest() != header.context_hash:
        raise Refused("CONTEXT")
    if hkdf(dek, None, COMMITMENT_INFO) != header.commitment:
        raise Refused("KEY")
    body = file[header.size :]
    if len(body) < BODY_HEADER or body[0] != BODY_HEADER:
        raise Refused("BODY")
    gcm = AESGCM(hkdf(dek, body[1 : 1 + SALT], header.associated_data))
    prefix = body[1 + SALT : BODY_HEADER]
    plaintext, start, index = b"", BODY_HEADER, 0
    while True:
        end = (index + 1) * header.segment_size
        segment, last = body[start:end], end >= len(body)
        if last and index > 0 and len(segment) <= TAG:
            break  # a last segment is empty only if it is the first
        try:
            plaintext += gcm.decrypt(nonce(prefix, index, last), segment, None)
        except InvalidTag:
            if recover and last and len(segment) == end - start:
                try:
                    plaintext += gcm.decrypt(nonce(prefix, index, False), segment, None)
                except InvalidTag:
                    pass
            break
        if last:
            return plaintext
        start, index = end, index + 1
    if recover:
        return plaintext
    raise Refused("BODY")


def size(header_size: int, segment_size: int, plaintext_size: int) -> int:
    segments = -(-(plaintext_size + BODY_HEADER) // (segment_size - TAG))
    return header_size + BODY_HEADER + plaintext_size + TAG * segments


# The vectors. The wrapped DEK, its DEK and its context are those of the P-256 vector of wrapped-dek-vectors.json.

DEK = bytes(range(0x44, 0x64))
CREATED_MILLIS = 1_795_000_000_123
SEGMENT = MIN_SEGMENT
FULL = SEGMENT - TAG


def pattern(length: int) -> bytes:
    """Byte i is the low byte of i + (i >> 8) + (i >> 16)."""
    return bytes((i + (i >> 8) + (i >> 16)) & 0xFF for i in range(length))


def vectors() -> dict:
    folder = pathlib.Path(__file__).parent
    wrapped = json.loads((folder / "../../test/resources/wrapped-dek-vectors.json").read_text())
    source = next(v for v in wrapped["vectors"] if v["spec"] == "ECC_NIST_P256" and bytes.fromhex(v["dek"]) == DEK)
    context = source["encryption_context"]
    keystore = "tenants/acme/keystores/calls"
    wrapped_dek = bytes.fromhex(source["wrapped_dek"])
    files: dict[str, bytes] = {}
    out: dict = {
        "source": "src/clients/vectors/reference.py",
        "version": VERSION,
        "dek": DEK.hex(),
        "keystore": keystore,
        "wrapped_dek": wrapped_dek.hex(),
        "encryption_context": context,
        "created_millis": CREATED_MILLIS,
        "segment_size": SEGMENT,
        "plaintext": "byte i is the low byte of i + (i >> 8) + (i >> 16)",
        "files": [],
        "refused": [],
        "recovered": [],
    }

    def add(name: str, length: int, number: int, **options) -> None:
        salt = hashlib.sha256(b"salt %d" % number).digest()
        prefix = hashlib.sha256(b"prefix %d" % number).digest()[:PREFIX]
        file = write(
            pattern(length), DEK, keystore, wrapped_dek, context,
            salt=salt, nonce_prefix=prefix, created_millis=CREATED_MILLIS, **options,
        )  # fmt: skip
        header = parse(file)
        assert read(file, DEK, context) == pattern(length)
        assert len(file) == size(header.size, SEGMENT, length)
        files[name] = file
        entry = {
            "name": name,
            "hide_context": options.get("hide_context", False),
            "media_type": options.get("media_type"),
            "metadata": options.get("metadata", {}),
            "salt": salt.hex(),
            "nonce_prefix": prefix.hex(),
            "plaintext_size": length,
            "commitment": header.commitment.hex(),
            "associated_data": header.associated_data.hex(),
            "header_size": header.size,
            "size": len(file),
            "sha256": hashlib.sha256(file).hexdigest(),
        }
        if length < 100:
            entry["file"] = file.hex()
        out["files"].append(entry)

    add("empty", 0, 1)
    add("one byte", 1, 2, media_type="audio/wav")
    add("all fields", 44, 3, media_type='audio/ogg; codecs="opus"', metadata={"agent": "Ada", "queue": "Zürich \U0001f3a7"})
    add("context hidden", 44, 4, hide_context=True)
    add("first segment full", FULL - BODY_HEADER, 5)
    add("first segment full and a byte", FULL - BODY_HEADER + 1, 6)
    add("three segments", 2 * FULL + 1000, 7, media_type="audio/wav")
    add("three segments, other nonce", 2 * FULL + 1000, 8, media_type="audio/wav")
    add("three segments, last full", 3 * FULL - BODY_HEADER, 9)

    def refuse(name: str, reason: str, of: str, change: dict, dek: bytes = DEK, with_context=context) -> None:
        file = changed(files, of, change)
        entry = {"name": name, "reason": reason, "of": of, **change}
        if dek != DEK:
            entry["dek"] = dek.hex()
        if with_context is not context:
            entry["encryption_context"] = with_context
        try:
            read(file, dek, with_context)
        except Refused as e:
            assert e.args == (reason,), (name, e)
            out["refused"].append(entry)
            return
        raise AssertionError(name)

    three, ad = "three segments", lambda name: len(parse(files[name]).associated_data)
    refuse("no bytes", "FORMAT", "empty", {"keep": 0})
    refuse("text conversion of line ends", "FORMAT", "one byte", {"put": [[4, "0a"]]})
    refuse("a later version", "VERSION", "one byte", {"put": [[8, "02"]]})
    refuse("cut in the description", "FORMAT", "one byte", {"keep": 40})
    refuse("cut in the envelope", "FORMAT", "one byte", {"keep": parse(files["one byte"]).size - 1})
    refuse("segment size below 64 KiB", "FORMAT", "one byte", {"put": [[14, "00008000"]]})
    refuse("segment size above 1 MiB", "FORMAT", "one byte", {"put": [[14, "00200000"]]})
    refuse("segment size that is no power of two", "FORMAT", "one byte", {"put": [[14, "00018000"]]})
    refuse("a field twice", "FORMAT", "one byte", {"put": [[18, "01"]]})
    refuse("an unknown field", "FORMAT", "one byte", {"put": [[29, "07"]]})
    refuse("created after the year 9999", "FORMAT", "one byte", {"put": [[21, "ff"]]})
    refuse("a keystore of another form", "FORMAT", "one byte", {"put": [[ad("one byte") + 1, "54"]]})
    refuse("no wrapped DEK", "FORMAT", "one byte", {"put": [[ad("one byte") + 1 + len(keystore), "0000"]]})
    refuse("another segment size in the header", "BODY", "one byte", {"put": [[14, "00020000"]]})
    refuse("another creation time in the header", "BODY", "one byte", {"put": [[28, "00"]]})
    refuse("another media type in the header", "BODY", "one byte", {"put": [[ad("one byte") - 33, "57"]]})
    refuse("another context in the header", "CONTEXT", "one byte", {"put": [[32 + 4 + 4, "4d"]]})
    refuse("another context", "CONTEXT", "one byte", {}, with_context={**context, "recording": "other"})
    refuse("another context, hidden", "CONTEXT", "context hidden", {}, with_context={})
    refuse("no context, hidden", "CONTEXT", "context hidden", {}, with_context=None)
    refuse("another DEK", "KEY", "one byte", {}, dek=bytes(32))
    refuse("another check value", "KEY", "one byte", {"put": [[ad("one byte") - 1, "00"]]})
    refuse("another salt", "BODY", "one byte", {"put": [[parse(files["one byte"]).size + 1, "00"]]})
    refuse("another length of the body's header", "BODY", "one byte", {"put": [[parse(files["one byte"]).size, "27"]]})
    refuse("no body", "BODY", "one byte", {"keep": parse(files["one byte"]).size})
    refuse("a changed byte of a segment", "BODY", three, {"put": [[100_000, "00"]]})
    refuse("a changed tag", "BODY", "empty", {"put": [[len(files["empty"]) - 1, "00"]]})
    refuse("trailing byte", "BODY", "one byte", {"append": "00"})
    refuse("trailing byte after a full segment", "BODY", "first segment full", {"append": "00"})
    refuse("trailing bytes of a tag's length", "BODY", "three segments, last full", {"append": "00" * TAG})
    refuse("last byte missing", "BODY", three, {"keep": len(files[three]) - 1})
    refuse("last segment missing", "BODY", three, {"segments": [[three, 0], [three, 1]]})
    refuse("all but the first segment missing", "BODY", three, {"segments": [[three, 0]]})
    refuse("segments exchanged", "BODY", three, {"segments": [[three, 1], [three, 0], [three, 2]]})
    refuse("a segment twice", "BODY", three, {"segments": [[three, i] for i in (0, 1, 1, 2)]})
    other = "three segments, other nonce"
    refuse("a segment of another file", "BODY", three, {"segments": [[three, 0], [other, 1], [three, 2]]})
    refuse("the body of another file", "BODY", three, {"segments": [[other, 0], [other, 1], [other, 2]], "put": [[28, "00"]]})

    def recover(name: str, of: str, change: dict, plaintext_size: int) -> None:
        file = changed(files, of, change)
        refuse(name, "BODY", of, change)
        assert read(file, DEK, context, recover=True) == pattern(plaintext_size), name
        out["recovered"].append({"name": name, "of": of, **change, "plaintext_size": plaintext_size})

    header = parse(files[three]).size
    recover("crash before the first segment", three, {"keep": header + BODY_HEADER}, 0)
    recover("crash in the first segment", three, {"keep": header + 5000}, 0)
    recover("crash after the first segment", three, {"keep": header + SEGMENT}, FULL - BODY_HEADER)
    recover("crash in the second segment", three, {"keep": header + SEGMENT + 1}, FULL - BODY_HEADER)
    recover("crash before the last segment", three, {"keep": header + 2 * SEGMENT}, 2 * FULL - BODY_HEADER)
    recover("crash in the last segment", three, {"keep": len(files[three]) - 1}, 2 * FULL - BODY_HEADER)
    return out


def changed(files: dict[str, bytes], of: str, change: dict) -> bytes:
    """Applies `segments`, `put`, `keep` and `append`, in this order."""
    file = files[of]
    if "segments" in change:
        file = file[: parse(file).size]
        for name, index in change["segments"]:
            body = files[name][parse(files[name]).size :]
            file += body[index * SEGMENT : (index + 1) * SEGMENT]
    for offset, value in change.get("put", []):
        file = file[:offset] + bytes.fromhex(value) + file[offset + len(value) // 2 :]
    file = file[: change.get("keep", len(file))]
    return file + bytes.fromhex(change.get("append", ""))


if __name__ == "__main__":
    target = pathlib.Path(__file__).parent / "recording-container.json"
    target.write_text(json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n")
