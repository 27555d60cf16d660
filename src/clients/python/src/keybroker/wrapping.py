"""Wraps DEKs under a public KEK without the broker, in the format of src/docs/wrapped-dek.md."""

import hashlib
import hmac
import secrets
import struct
import uuid
from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .dek import Dek
from .header import CONTEXT_LIMITS, encode_pairs

_V1 = b"keybroker/v1"
_V1_DEK = b"keybroker/v1 dek"


def wrap(kek: str, spki: bytes, dek: Dek, context: Mapping[str, str]) -> bytes:
    """
    :param kek: the KEK's name, tenants/…/keystores/…/keks/{uuid}
    :param spki: its public key, a DER SubjectPublicKeyInfo
    """
    key = serialization.load_der_public_key(spki)
    if isinstance(key, rsa.RSAPublicKey):
        z = secrets.token_bytes(32)
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        encapsulation, encapsulated = 1, key.encrypt(z, oaep)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        encapsulation, (encapsulated, z) = 2, _encapsulate(key)
    else:
        raise ValueError(f"the KEK {kek} has a key that this library does not know")
    header = bytes([1, encapsulation]) + uuid.UUID(kek.rsplit("/", 1)[-1]).bytes + encapsulated
    salt = secrets.token_bytes(16)
    okm = _expand("sha256", z, _V1_DEK + salt, 44)
    aad = _V1 + header + encode_pairs(context, CONTEXT_LIMITS)
    return header + salt + AESGCM(okm[:32]).encrypt(okm[32:], bytes(dek), aad)


def _encapsulate(kek: ec.EllipticCurvePublicKey) -> tuple[bytes, bytes]:
    """RFC 9180, base mode, export-only."""
    digest, kem_id, kdf_id = {256: ("sha256", 0x10, 1), 384: ("sha384", 0x11, 2)}[kek.curve.key_size]
    size = hashlib.new(digest).digest_size
    kem = b"KEM" + struct.pack(">H", kem_id)
    suite = b"HPKE" + struct.pack(">HHH", kem_id, kdf_id, 0xFFFF)
    ephemeral = ec.generate_private_key(kek.curve)
    enc = point(ephemeral.public_key())
    eae_prk = labeled_extract(digest, kem, b"", b"eae_prk", ephemeral.exchange(ec.ECDH(), kek))
    shared = labeled_expand(digest, kem, eae_prk, b"shared_secret", enc + point(kek), size)
    psk_id_hash = labeled_extract(digest, suite, b"", b"psk_id_hash", b"")
    info_hash = labeled_extract(digest, suite, b"", b"info_hash", _V1)
    secret = labeled_extract(digest, suite, shared, b"secret", b"")
    exporter = labeled_expand(digest, suite, secret, b"exp", b"\x00" + psk_id_hash + info_hash, size)
    return enc, labeled_expand(digest, suite, exporter, b"sec", _V1_DEK, 32)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def labeled_extract(digest: str, suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite + label + ikm, digest)


def labeled_expand(digest: str, suite: bytes, prk: bytes, label: bytes, info: bytes, size: int) -> bytes:
    return _expand(digest, prk, struct.pack(">H", size) + b"HPKE-v1" + suite + label + info, size)


def _expand(digest: str, prk: bytes, info: bytes, size: int) -> bytes:
    """HKDF-Expand, RFC 5869."""
    okm = block = b""
    counter = 1
    while len(okm) < size:
        block = hmac.digest(prk, block + info + bytes([counter]), digest)
        okm += block
        counter += 1
    return okm[:size]
