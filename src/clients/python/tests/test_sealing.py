"""Opening sealed DEKs, with the vector of RFC 9180."""

import json
import pathlib
import unittest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from keybroker import Dek, Reason, RecipientKey, RecordingError, RecordingHeader

VECTORS = pathlib.Path(__file__).parents[3] / "test/resources/hpke-seal-vectors.json"
AES_128_GCM = (1, 16)


class SealingTest(unittest.TestCase):
    def test_sealed_message_opens_as_in_rfc_9180(self) -> None:
        file = json.loads(VECTORS.read_text())
        vector = next(it for it in file["vectors"] if "P-256" in it["name"])
        key = RecipientKey(ec.derive_private_key(int(vector["skRm"], 16), ec.SECP256R1()))
        self.assertEqual(vector["pkRm"], key.public_key.hex())
        sealed = bytes.fromhex(vector["pkEm"] + vector["ct"])
        info, aad = bytes.fromhex(file["info"]), bytes.fromhex(file["aad"])
        self.assertEqual(file["pt"], key._open(sealed, info, aad, *AES_128_GCM).hex())
        for at in (0, 1, 64, 65, len(sealed) - 1):
            changed = bytearray(sealed)
            changed[at] ^= 1
            with self.assertRaises((InvalidTag, ValueError)):
                key._open(bytes(changed), info, aad, *AES_128_GCM)
        with self.assertRaises(InvalidTag):
            key._open(sealed, info, info, *AES_128_GCM)

    def test_anything_else_is_refused_with_its_reason(self) -> None:
        with Dek.random() as dek:
            header = RecordingHeader.create(dek, "tenants/a/keystores/b", bytes(100), {})
        key = RecipientKey()
        for sealed in (b"", bytes(113), key.public_key, key.public_key + bytes(48)):
            with self.assertRaises(RecordingError) as refused:
                key.open(sealed, header)
            self.assertIs(Reason.KEY, refused.exception.reason)


if __name__ == "__main__":
    unittest.main()
