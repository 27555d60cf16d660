"""Speeds beside bare AES-256-GCM of `cryptography` over the same segments, as ratios in one run.

venv/bin/python bench/speed.py [MiB]
"""

import io
import statistics
import sys
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keybroker import Dek, RecordingHeader, RecordingStream, RecordingWriter

SEGMENT = 1 << 16
ROUNDS = 5
COUNT = int(sys.argv[1] if len(sys.argv) > 1 else 256) * (1 << 20) // SEGMENT
STEP = SEGMENT - 16
PARTS = 16
WRITTEN = bytes(PARTS * SEGMENT)
# From the same memory as the writer's segments.
CHUNKS = [memoryview(WRITTEN)[i * STEP : (i + 1) * STEP] for i in range(PARTS)]
KEY = AESGCM(bytes(32))


class Sink(io.RawIOBase):
    """Takes what is written, and forgets it."""

    def writable(self) -> bool:
        return True

    def write(self, data, /) -> int:  # type: ignore[no-untyped-def,override]
        return len(data)


def timed(work: Callable[[], object]) -> float:
    """In MiB for each second of CPU time, so that what else runs on the machine matters little."""
    start = time.process_time()
    work()
    return COUNT * SEGMENT / (1 << 20) / (time.process_time() - start)


def bare_encrypt() -> None:
    for i in range(COUNT):
        KEY.encrypt(i.to_bytes(12, "big"), CHUNKS[i % PARTS], None)


def main() -> None:
    ratios: dict[str, list[float]] = {"encrypt": [], "decrypt": []}
    segments = io.BytesIO(KEY.encrypt(bytes(12), CHUNKS[0], None) * COUNT)

    def bare_decrypt() -> None:
        segments.seek(0)
        for _ in range(COUNT):
            KEY.decrypt(bytes(12), segments.read(SEGMENT), None)

    with Dek.random() as dek:
        header = RecordingHeader.create(dek, "tenants/a/keystores/b", bytes(100), {})

        def encrypt(sink: io.RawIOBase) -> None:
            with RecordingWriter(sink, header, dek) as writer:
                for _ in range(COUNT // PARTS):
                    writer.write(WRITTEN)

        file = io.BytesIO()
        encrypt(file)

        def decrypt() -> None:
            file.seek(header.size)
            stream = RecordingStream(file, header, dek)
            while stream.read(SEGMENT):
                pass

        for round_number in range(-1, ROUNDS):
            speeds = timed(bare_encrypt), timed(lambda: encrypt(Sink())), timed(bare_decrypt), timed(decrypt)
            if round_number >= 0:  # The first round warms up.
                ratios["encrypt"].append(speeds[1] / speeds[0])
                ratios["decrypt"].append(speeds[3] / speeds[2])
                print("MiB/s: bare encrypt {:.0f}, encrypt {:.0f}, bare decrypt {:.0f}, decrypt {:.0f}".format(*speeds))
    for name, values in ratios.items():
        print(f"{name}: {statistics.median(values):.2f} of bare AES-256-GCM")


if __name__ == "__main__":
    main()
