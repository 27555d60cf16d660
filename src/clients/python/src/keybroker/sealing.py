"""Opens DEKs that the broker sealed to a recipient (src/docs/sealed-deks.md)."""

import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .dek import Dek
from .header import Reason, RecordingError, RecordingHeader
from .wrapping import labeled_expand, labeled_extract, point

_INFO = b"keybroker/v1 sealed"
_POINT = 65
_AES_256_GCM = 2


class RecipientKey:
    """A P-256 key pair of a session. A DEK that is sealed to it is read by its holder only."""

    def __init__(self, private_key: ec.EllipticCurvePrivateKey | None = None) -> None:
        """
        :param private_key: by default generated, and kept in memory only
        """
        self._private_key = private_key or ec.generate_private_key(ec.SECP256R1())
        self.public_key = point(self._private_key.public_key())
        """65 bytes, for `recipient_public_key` of UnwrapDek."""

    def open(self, sealed_dek: bytes, header: RecordingHeader) -> Dek:
        """Opens the DEK of a recording; refuses that of another KEK. The caller closes it.

        :param sealed_dek: of UnwrapDek
        """
        kek = header.kek
        if kek is None:
            raise RecordingError(Reason.KEY)
        try:
            return Dek(self._open(sealed_dek, _INFO, kek.encode(), _AES_256_GCM, 32))
        except (InvalidTag, ValueError) as e:
            # Not a point of the curve, too short, or not authentic.
            raise RecordingError(Reason.KEY) from e

    def _open(self, sealed: bytes, info: bytes, aad: bytes, aead: int, key_size: int) -> bytes:
        """RFC 9180, base mode, sequence number 0. For tests with any AES-GCM."""
        enc = sealed[:_POINT]
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), enc)
        kem = b"KEM" + struct.pack(">H", 0x10)
        suite = b"HPKE" + struct.pack(">HHH", 0x10, 1, aead)
        dh = self._private_key.exchange(ec.ECDH(), sender)
        eae_prk = labeled_extract("sha256", kem, b"", b"eae_prk", dh)
        shared = labeled_expand("sha256", kem, eae_prk, b"shared_secret", enc + self.public_key, 32)
        psk_id_hash = labeled_extract("sha256", suite, b"", b"psk_id_hash", b"")
        info_hash = labeled_extract("sha256", suite, b"", b"info_hash", info)
        secret = labeled_extract("sha256", suite, shared, b"secret", b"")
        context = b"\x00" + psk_id_hash + info_hash
        key = labeled_expand("sha256", suite, secret, b"key", context, key_size)
        nonce = labeled_expand("sha256", suite, secret, b"base_nonce", context, 12)
        return AESGCM(key).decrypt(nonce, sealed[_POINT:], aad)
