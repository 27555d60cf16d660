#!/usr/bin/env python3
"""Wraps a DEK offline, from what GetPublicKek answered.

Python 3.9 or newer with the package `cryptography` 3.1 or newer.

    python3 wrap_offline.py SPEC KEK PUBLIC_KEY_FILE [KEY=VALUE...] < dek.hex
"""

import base64
import hashlib
import hmac
import re
import secrets
import struct
import sys
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

V1 = b"keybroker/v1"
V1_DEK = b"keybroker/v1 dek"


def wrap(spec: str, kek_id: uuid.UUID, spki: bytes, dek: bytes, context: dict[str, str]) -> bytes:
    if not 16 <= len(dek) <= 64:
        raise ValueError("a DEK has 16 to 64 bytes")
    kek = serialization.load_der_public_key(spki)
    rsa = spec.startswith("RSA_")
    encapsulated, z = encapsulate_rsa(kek) if rsa else encapsulate_hpke(spec, kek)

    header = bytes([1, 1 if rsa else 2]) + kek_id.bytes + encapsulated
    salt = secrets.token_bytes(16)
    okm = expand("sha256", z, V1_DEK + salt, 44)
    aad = V1 + header + encode(context)
    return header + salt + AESGCM(okm[:32]).encrypt(okm[32:], dek, aad)


def encapsulate_rsa(kek):
    z = secrets.token_bytes(32)
    mgf = padding.MGF1(hashes.SHA256())
    return kek.encrypt(z, padding.OAEP(mgf=mgf, algorithm=hashes.SHA256(), label=None)), z


def encapsulate_hpke(spec: str, kek):
    """RFC 9180, base mode, export-only."""
    p256 = spec == "ECC_NIST_P256"
    digest = "sha256" if p256 else "sha384"
    size = hashlib.new(digest).digest_size
    kem_id = struct.pack(">H", 0x0010 if p256 else 0x0011)
    kdf_id = struct.pack(">H", 0x0001 if p256 else 0x0002)
    kem = b"KEM" + kem_id
    suite = b"HPKE" + kem_id + kdf_id + b"\xff\xff"

    ephemeral = ec.generate_private_key(kek.curve)
    dh = ephemeral.exchange(ec.ECDH(), kek)
    enc = point(ephemeral.public_key())

    eae_prk = labeled_extract(digest, kem, b"", b"eae_prk", dh)
    shared = labeled_expand(digest, kem, eae_prk, b"shared_secret", enc + point(kek), size)

    psk_id_hash = labeled_extract(digest, suite, b"", b"psk_id_hash", b"")
    info_hash = labeled_extract(digest, suite, b"", b"info_hash", V1)
    schedule_context = b"\x00" + psk_id_hash + info_hash
    secret = labeled_extract(digest, suite, shared, b"secret", b"")
    exporter = labeled_expand(digest, suite, secret, b"exp", schedule_context, size)
    return enc, labeled_expand(digest, suite, exporter, b"sec", V1_DEK, 32)


def point(key) -> bytes:
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def labeled_extract(digest, suite, salt, label, ikm):
    # HKDF-Extract, RFC 5869. HMAC pads an empty salt with zeros, as it should be.
    return hmac.digest(salt, b"HPKE-v1" + suite + label + ikm, digest)


def labeled_expand(digest, suite, prk, label, info, length):
    return expand(digest, prk, struct.pack(">H", length) + b"HPKE-v1" + suite + label + info, length)


def expand(digest, prk, info, length):
    """HKDF-Expand, RFC 5869."""
    okm = block = b""
    counter = 1
    while len(okm) < length:
        block = hmac.digest(prk, block + info + bytes([counter]), digest)
        okm += block
        counter += 1
    return okm[:length]


def encode(context: dict[str, str]) -> bytes:
    pairs = sorted((key.encode(), value.encode()) for key, value in context.items())
    encoded = struct.pack(">I", len(pairs))
    for key, value in pairs:
        encoded += struct.pack(">I", len(key)) + key + struct.pack(">I", len(value)) + value
    return encoded


def read_public_key(path: str) -> bytes:
    """PEM, or the base64 of the DER as it stands in the answer's JSON."""
    with open(path, encoding="ascii") as file:
        return base64.b64decode(re.sub(r"-----[A-Z ]+-----|\s", "", file.read()))


def read_context(pairs: list[str]) -> dict[str, str]:
    """The encryption context. Messages do not quote a pair: its value may be confidential."""
    context = {}
    for number, pair in enumerate(pairs, start=1):
        key, equals, value = pair.partition("=")
        if not equals:
            sys.exit(f"pair {number} of {len(pairs)} has no '=': give KEY=VALUE")
        if not key:
            sys.exit(f"pair {number} of {len(pairs)} has no key")
        if key in context:
            sys.exit(f"pair {number} of {len(pairs)} has the same key as one before it")
        context[key] = value
    return context


def main() -> None:
    if len(sys.argv) < 4:
        sys.exit("usage: wrap_offline.py SPEC KEK PUBLIC_KEY_FILE [KEY=VALUE...] < dek.hex")
    spec, kek, public_key_file, *pairs = sys.argv[1:]
    context = read_context(pairs)
    wrapped = wrap(
        spec,
        uuid.UUID(kek.rsplit("/", 1)[-1]),
        read_public_key(public_key_file),
        bytes.fromhex(sys.stdin.read().strip()),
        context,
    )
    print(base64.b64encode(wrapped).decode())


if __name__ == "__main__":
    main()
