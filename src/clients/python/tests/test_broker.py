"""The client against a running broker: KEYBROKER_ADDRESS and KEYBROKER_KEYSTORES, of one tenant, name it."""

import io
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from typing import IO

import grpc

from keybroker import (
    KeyBrokerClient,
    KeyBrokerError,
    Reason,
    RecipientKey,
    RecordingError,
    RecordingHeader,
    RecordingReader,
)

CONTEXT = {"recording": "r-1", "\U0001d11e": "～", "～": ""}
PLAINTEXT = bytes(i % 251 for i in range(200_000))


@unittest.skipUnless("KEYBROKER_ADDRESS" in os.environ, "KEYBROKER_ADDRESS is not set")
class BrokerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.keystores = os.environ["KEYBROKER_KEYSTORES"].split(",")
        self.client = KeyBrokerClient(os.environ["KEYBROKER_ADDRESS"], plaintext=True, deadline=30)
        self.addCleanup(self.client.close)

    def recorded(self, keystore: str) -> bytes:
        out = io.BytesIO()
        with self.client.record(out, keystore, CONTEXT, media_type="audio/wav") as writer:
            writer.write(PLAINTEXT)
        return out.getvalue()

    def test_recordings_wrapped_offline_are_unwrapped_and_rewrapped_by_the_broker(self) -> None:
        for keystore in self.keystores:
            with self.subTest(keystore):
                file = self.recorded(keystore)
                self.assertEqual(PLAINTEXT, self.client.open(io.BytesIO(file), CONTEXT).read())
                header = RecordingHeader.read(io.BytesIO(file))
                moved = self.client.rewrap(header, CONTEXT, self.keystores[0])
                self.assertEqual(self.keystores[0], moved.keystore)
                rewrapped = bytes(moved) + file[header.size :]
                self.assertEqual(PLAINTEXT, self.client.open(io.BytesIO(rewrapped)).read())

    def test_sealed_unwrap_is_opened_by_its_recipient_only(self) -> None:
        file = self.recorded(self.keystores[0])
        header = RecordingHeader.read(io.BytesIO(file))
        recipient = RecipientKey()
        sealed = self.client.unwrap_sealed(header, recipient.public_key, CONTEXT)
        with recipient.open(sealed, header) as dek:
            self.assertEqual(PLAINTEXT, RecordingReader(io.BytesIO(file), dek, CONTEXT).read())
        with self.assertRaises(RecordingError) as refused:
            RecipientKey().open(sealed, header)
        self.assertIs(Reason.KEY, refused.exception.reason)

    def test_another_context_is_refused_before_the_call(self) -> None:
        with self.assertRaises(RecordingError) as refused:
            self.client.open(io.BytesIO(self.recorded(self.keystores[0])), {})
        self.assertIs(Reason.CONTEXT, refused.exception.reason)

    def test_gallery_is_unwrapped_in_batches_and_a_failure_is_its_items_own(self) -> None:
        good = RecordingHeader.read(io.BytesIO(self.recorded(self.keystores[0])))
        changed = good.wrapped_dek[:-1] + bytes([good.wrapped_dek[-1] ^ 1])
        headers = [good] * 1001
        headers[7] = good.with_wrapped_dek(good.keystore, changed)
        results = self.client.unwrap_all(headers)
        self.assertEqual(1001, len(results))
        for i, result in enumerate(results):
            if i == 7:
                assert isinstance(result, KeyBrokerError)
                self.assertEqual("WRAPPED_DEK_NOT_AUTHENTIC", result.reason)
            else:
                assert not isinstance(result, KeyBrokerError)
                good.check_key(result)
                result.close()

    def test_refusals_have_the_brokers_reason(self) -> None:
        with self.assertRaises(KeyBrokerError) as refused:
            self.client.new_dek("tenants/nobody/keystores/nothing", {})
        self.assertEqual("KEYSTORE_NOT_FOUND", refused.exception.reason)
        self.assertIs(grpc.StatusCode.NOT_FOUND, refused.exception.code)
        self.assertFalse(refused.exception.is_retryable)

    def test_broker_that_is_not_there_is_retryable(self) -> None:
        with KeyBrokerClient("127.0.0.1:1", plaintext=True, deadline=2) as nobody:
            with self.assertRaises(KeyBrokerError) as failed:
                nobody.new_dek(self.keystores[0], {})
        self.assertTrue(failed.exception.is_retryable)
        self.assertEqual("", failed.exception.reason)

    def test_command_line_encrypts_and_decrypts_pipes(self) -> None:
        broker = ["--broker", os.environ["KEYBROKER_ADDRESS"], "--plaintext", "--context", "recording=r-2"]
        command = [sys.executable, "-m", "keybroker"]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "a.kbr")
            encrypt = [*command, "encrypt", *broker, "--keystore", self.keystores[0], "-", str(path)]
            subprocess.run(encrypt, input=PLAINTEXT, check=True)
            decrypt = [*command, "decrypt", *broker, str(path), "-"]
            self.assertEqual(PLAINTEXT, subprocess.run(decrypt, stdout=subprocess.PIPE, check=True).stdout)

            with open(path, "r+b") as file:
                file.truncate(path.stat().st_size - 1)
            cut = subprocess.run(decrypt, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(1, cut.returncode)
            self.assertIn(b"incomplete", cut.stderr)
            recovered = subprocess.run([*decrypt, "--recover"], stdout=subprocess.PIPE, check=True).stdout
            self.assertTrue(0 < len(recovered) < len(PLAINTEXT) and PLAINTEXT.startswith(recovered))


    def test_command_line_leaves_no_part_of_a_file_and_keeps_what_exists(self) -> None:
        broker = ["--broker", os.environ["KEYBROKER_ADDRESS"], "--plaintext"]

        def run(*arguments: str, stdout: int | IO[bytes] = subprocess.DEVNULL) -> subprocess.CompletedProcess[bytes]:
            command = [sys.executable, "-m", "keybroker", *arguments[:1], *broker, *arguments[1:]]
            return subprocess.run(command, cwd=folder, stdout=stdout, stderr=subprocess.PIPE)

        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "call.kbr").write_bytes(self.recorded(self.keystores[0])[:-1])
            pathlib.Path(folder, "call.wav").write_bytes(PLAINTEXT)
            pathlib.Path(folder, "folder").mkdir()
            before = sorted(os.listdir(folder))
            for code, error, arguments in (
                (1, b"call.kbr: the recording was changed", ["decrypt", "call.kbr", "out.wav"]),
                (1, b"call.wav: the file is not a recording", ["decrypt", "call.wav", "out.wav"]),
                (2, b"--force replaces it: 'call.wav'", ["decrypt", "call.kbr", "call.wav"]),
                (1, b"call.kbr: the recording was changed", ["decrypt", "--force", "call.kbr", "call.wav"]),
                (2, b"Not a regular file: 'folder'", ["decrypt", "call.kbr", "folder"]),
                (2, b"No such file or directory: 'none/out'", ["decrypt", "call.kbr", "none/out"]),
                (2, b"Is a directory: 'folder'", ["decrypt", "folder", "out.wav"]),
                (1, b"KEYSTORE_NOT_FOUND", ["encrypt", "--keystore", "tenants/no/keystores/no", "call.wav", "out.kbr"]),
                (2, b"--force replaces it", ["encrypt", "--keystore", self.keystores[0], "call.wav", "call.kbr"]),
            ):
                with self.subTest(arguments):
                    failed = run(*arguments)
                    self.assertIn(error, failed.stderr)
                    self.assertEqual(code, failed.returncode)
                    self.assertEqual(before, sorted(os.listdir(folder)))
                    self.assertEqual(PLAINTEXT, pathlib.Path(folder, "call.wav").read_bytes())

            encrypt = ["encrypt", "--force", "--keystore", self.keystores[0], "call.wav", "call.kbr"]
            self.assertEqual(0, run(*encrypt).returncode)
            self.assertEqual(0, run("decrypt", "call.kbr", "out.wav").returncode)
            self.assertEqual(PLAINTEXT, pathlib.Path(folder, "out.wav").read_bytes())
            with open("/dev/full", "wb") as full:
                failed = run("decrypt", "call.kbr", "-", stdout=full)
            self.assertEqual(2, failed.returncode)
            self.assertEqual(1, failed.stderr.count(b"\n"), failed.stderr)
            self.assertIn(b"No space left on device", failed.stderr)


if __name__ == "__main__":
    unittest.main()
