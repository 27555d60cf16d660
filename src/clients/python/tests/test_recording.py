"""Writer and readers against the test vectors, and what they do beyond them."""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import random
import tempfile
import unittest

import vectors

from keybroker import (
    Dek,
    Reason,
    RecordingError,
    RecordingHeader,
    RecordingReader,
    RecordingStream,
    RecordingWriter,
)
from keybroker.__main__ import main
from keybroker.recording import file_size

KEYSTORE = "tenants/acme/keystores/calls"
SEGMENT = 1 << 16


def streamed(file: bytes, dek: Dek, context, recover: bool = False) -> bytes:
    source = io.BytesIO(file)
    return RecordingStream(source, RecordingHeader.read(source), dek, context, recover=recover).read()


def sought(file: bytes, dek: Dek, context, recover: bool = False) -> bytes:
    return RecordingReader(io.BytesIO(file), dek, context, recover=recover).read()


class VectorsTest(unittest.TestCase):
    def test_files_are_written_and_read(self) -> None:
        for vector in vectors.FILE["files"]:
            with self.subTest(vector["name"]):
                file = vectors.written(vector)
                self.assertEqual(vector["sha256"], hashlib.sha256(file).hexdigest())
                if "file" in vector:
                    self.assertEqual(vector["file"], file.hex())
                header = RecordingHeader.read(io.BytesIO(file))
                self.assertEqual(vectors.header(vector), header)
                self.assertEqual(len(file), file_size(header, vector["plaintext_size"]))
                plaintext = vectors.plaintext(vector["plaintext_size"])
                for recover in (False, True):
                    self.assertEqual(plaintext, streamed(file, vectors.dek(), vectors.CONTEXT, recover))
                    self.assertEqual(plaintext, sought(file, vectors.dek(), vectors.CONTEXT, recover))

    def test_changed_files_are_refused_for_their_reason(self) -> None:
        for vector in vectors.FILE["refused"]:
            with self.subTest(vector["name"]):
                file = vectors.changed(vector)
                dek = Dek(bytes.fromhex(vector.get("dek", vectors.FILE["dek"])))
                context = vector.get("encryption_context", vectors.CONTEXT)
                for read in (streamed, sought):
                    with self.assertRaises(RecordingError) as refused:
                        read(file, dek, context)
                    self.assertIs(Reason[vector["reason"]], refused.exception.reason)

    def test_incomplete_files_are_recovered_to_their_whole_segments(self) -> None:
        for vector in vectors.FILE["recovered"]:
            with self.subTest(vector["name"]):
                file = vectors.changed(vector)
                plaintext = vectors.plaintext(vector["plaintext_size"])
                self.assertEqual(plaintext, streamed(file, vectors.dek(), vectors.CONTEXT, True))
                reader = RecordingReader(io.BytesIO(file), vectors.dek(), vectors.CONTEXT, recover=True)
                self.assertFalse(reader.complete)
                self.assertEqual(plaintext, reader.read())

    @unittest.skipUnless("KEYBROKER_FILES" in os.environ, "KEYBROKER_FILES: a folder of files of other clients")
    def test_files_of_other_clients_are_read_and_one_is_written_for_them(self) -> None:
        folder = pathlib.Path(os.environ["KEYBROKER_FILES"])
        plaintext = vectors.plaintext(200_000)
        for path in folder.iterdir():
            with self.subTest(path.name):
                self.assertEqual(plaintext, streamed(path.read_bytes(), vectors.dek(), vectors.CONTEXT))
                self.assertEqual(plaintext, sought(path.read_bytes(), vectors.dek(), None))
        with open(folder / "python.kbr", "wb") as file:
            with RecordingWriter(file, vectors.header(vectors.named("all fields")), vectors.dek()) as writer:
                writer.write(plaintext)


class RecordingTest(unittest.TestCase):
    def setUp(self) -> None:
        self.dek = Dek.random()
        self.header = RecordingHeader.create(self.dek, KEYSTORE, bytes(147), {"recording": "r-1"})

    def encrypted(self, plaintext: bytes) -> bytes:
        out = io.BytesIO()
        with RecordingWriter(out, self.header, self.dek) as writer:
            writer.write(plaintext)
        return out.getvalue()

    def test_reads_at_any_position_give_the_plaintext_there(self) -> None:
        chance = random.Random(1)
        plaintext = chance.randbytes(3 * SEGMENT + 12_345)
        reader = RecordingReader(io.BytesIO(self.encrypted(plaintext)), self.dek)
        self.assertEqual(len(plaintext), reader.size)
        for i in range(300):
            at = chance.randrange(len(plaintext) + 1)
            size = chance.randrange(2 * SEGMENT if i % 5 == 0 else 100)
            reader.seek(at)
            self.assertEqual(plaintext[at : at + size], reader.read(size))
        self.assertEqual(plaintext[-5:], reader.read() if reader.seek(-5, io.SEEK_END) else b"")

    def test_seek_reads_the_last_segment_and_the_one_that_it_needs(self) -> None:
        class Counted(io.BytesIO):
            count = 0

            def read(self, size: int | None = -1, /) -> bytes:
                data = super().read(size)
                self.count += len(data)
                return data

        file = Counted(self.encrypted(bytes(40 * SEGMENT)))
        reader = RecordingReader(file, self.dek)
        opened = file.count
        self.assertLessEqual(opened, SEGMENT + 1024)
        reader.seek(20 * SEGMENT)
        reader.read(100)
        reader.read(100)
        self.assertEqual(SEGMENT, file.count - opened)

    def test_stream_of_a_file_with_read_alone(self) -> None:
        class Pieces:
            """Such as a response of HTTP."""

            def __init__(self, content: bytes) -> None:
                self.file = io.BytesIO(content)

            def read(self, size: int) -> bytes:
                return self.file.read(min(size, 1_000))

        content = vectors.plaintext(2 * SEGMENT + 100)
        source = Pieces(self.encrypted(content))
        stream = RecordingStream(source, RecordingHeader.read(source), self.dek)  # type: ignore[arg-type]
        parts = iter(lambda: stream.read(10_000), b"")
        self.assertEqual(content, b"".join(parts))

    def test_stream_that_was_cut_or_closed_never_comes_to_an_ordinary_end(self) -> None:
        file = self.encrypted(bytes(1000))
        source = io.BytesIO(file[:-1])
        stream = RecordingStream(source, RecordingHeader.read(source), self.dek)
        for _ in range(3):
            with self.assertRaises(RecordingError):
                stream.read(100)
        source = io.BytesIO(file)
        for closed in (
            RecordingStream(source, RecordingHeader.read(source), self.dek),
            RecordingReader(io.BytesIO(file), self.dek),
        ):
            closed.close()
            with self.assertRaises(ValueError):
                closed.read(100)

    def test_writer_in_pieces_gives_a_readable_file(self) -> None:
        chance = random.Random(2)
        plaintext = chance.randbytes(2 * SEGMENT + 77)
        out = io.BytesIO()
        with RecordingWriter(out, self.header, self.dek) as writer:
            rest = plaintext
            while rest:
                size = chance.randrange(1, 3000)
                writer.write(rest[:size])
                rest = rest[size:]
        self.assertEqual(plaintext, streamed(out.getvalue(), self.dek, None))

    def test_recording_that_fails_stays_incomplete(self) -> None:
        out = io.BytesIO()
        with contextlib.suppress(ZeroDivisionError):
            with RecordingWriter(out, self.header, self.dek) as writer:
                writer.write(bytes(2 * SEGMENT))
                raise ZeroDivisionError
        with self.assertRaises(RecordingError):
            sought(out.getvalue(), self.dek, None)
        self.assertEqual(2 * (SEGMENT - 16) - 40, len(sought(out.getvalue(), self.dek, None, recover=True)))

    def test_writer_that_nobody_closed_does_not_complete_its_file(self) -> None:
        out = io.BytesIO()
        writer = RecordingWriter(out, self.header, self.dek)
        writer.write(b"x")
        del writer
        with self.assertRaises(RecordingError):
            sought(out.getvalue(), self.dek, None)

    def test_failed_write_ends_the_recording(self) -> None:
        class Full(io.BytesIO):
            def write(self, data, /) -> int:
                if self.tell() > SEGMENT:
                    raise OSError("no space")
                return super().write(data)

        out = Full()
        writer = RecordingWriter(out, self.header, self.dek)
        for _ in range(2):
            with self.assertRaises(OSError):
                writer.write(bytes(3 * SEGMENT))
        writer.close()
        with self.assertRaises(RecordingError):
            sought(out.getvalue(), self.dek, None)

    def test_envelope_can_be_exchanged(self) -> None:
        file = self.encrypted(b"content")
        moved = self.header.with_wrapped_dek("tenants/acme/keystores/archive", bytes(1024))
        self.assertEqual(b"content", sought(bytes(moved) + file[self.header.size :], self.dek, None))

    def test_mutated_headers_are_refused_or_read_back_the_same(self) -> None:
        chance = random.Random(20_261_127)
        originals = [bytes(vectors.header(vectors.named(name))) for name in ("all fields", "context hidden")]
        read = 0
        for i in range(10_000):
            header = bytearray(originals[i % 2])
            for _ in range(chance.randint(1, 3)):
                header[chance.randrange(len(header))] = chance.randrange(256)
            data = bytes(header[: len(header) - (chance.randrange(60) if i % 7 == 0 else 0)])
            try:
                parsed = RecordingHeader.read(io.BytesIO(data))
            except RecordingError as e:
                self.assertIn(e.reason, (Reason.FORMAT, Reason.VERSION))
                continue
            self.assertEqual(data[: parsed.size], bytes(parsed))
            self.assertIsNotNone(parsed.created)
            read += 1
        self.assertGreater(read, 500)

    def test_mutated_bodies_are_refused_and_recovered_to_what_is_authentic(self) -> None:
        chance = random.Random(20_261_128)
        content = vectors.plaintext(3 * SEGMENT + 12_345)
        original = self.encrypted(content)
        start = RecordingHeader.read(io.BytesIO(original)).size
        for i in range(200):
            at = start + chance.randrange(len(original) - start)
            file = bytearray(original)
            if i % 4 == 0:
                del file[at:]
            elif i % 4 == 1:
                file.insert(at, chance.randrange(256))
            else:
                file[at] ^= chance.randint(1, 255)
            for read in (streamed, sought):
                with self.assertRaises(RecordingError) as refused:
                    read(bytes(file), self.dek, None)
                self.assertIs(Reason.BODY, refused.exception.reason)
            if at >= start + 40:
                whole = max(0, (at - start) // SEGMENT * (SEGMENT - 16) - 40)
                self.assertEqual(content[:whole], streamed(bytes(file), self.dek, None, recover=True))

    def test_closed_dek_is_unusable_and_not_printed(self) -> None:
        self.assertEqual("Dek(…)", repr(self.dek))
        self.dek.close()
        with self.assertRaises(ValueError):
            bytes(self.dek)

    def test_inspect_prints_the_header_and_refuses_other_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "a.kbr")
            path.write_bytes(self.encrypted(b"x"))
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                self.assertEqual(0, main(["inspect", str(path)]))
            self.assertEqual({"recording": "r-1"}, json.loads(out.getvalue())["encryption_context"])
            path.write_bytes(b"RIFF....WAVE")
            with contextlib.redirect_stderr(io.StringIO()) as err:
                self.assertEqual(1, main(["inspect", str(path)]))
                self.assertEqual(2, main(["inspect", str(path) + ".missing"]))
            self.assertIn("not a recording container", err.getvalue())


if __name__ == "__main__":
    unittest.main()
