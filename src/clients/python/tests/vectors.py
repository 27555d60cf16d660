"""The test vectors of the specification."""

import io
import json
import pathlib
from typing import Any

from keybroker import Dek, RecordingHeader, RecordingWriter

FILE = json.loads((pathlib.Path(__file__).parents[2] / "vectors" / "recording-container.json").read_text())
CONTEXT = FILE["encryption_context"]


def dek() -> Dek:
    return Dek(bytes.fromhex(FILE["dek"]))


def plaintext(size: int) -> bytes:
    return bytes((i + (i >> 8) + (i >> 16)) & 0xFF for i in range(size))


def named(name: str) -> dict[str, Any]:
    return next(vector for vector in FILE["files"] if vector["name"] == name)


def header(vector: dict[str, Any]) -> RecordingHeader:
    return RecordingHeader.create(
        dek(),
        FILE["keystore"],
        bytes.fromhex(FILE["wrapped_dek"]),
        CONTEXT,
        hide_context=vector["hide_context"],
        media_type=vector["media_type"],
        metadata=vector["metadata"],
        segment_size=FILE["segment_size"],
        created_millis=FILE["created_millis"],
    )


def written(vector: dict[str, Any]) -> bytes:
    """The file, written with the vector's salt and nonce prefix."""
    out = io.BytesIO()
    with RecordingWriter._with_nonce(
        out, header(vector), dek(), bytes.fromhex(vector["salt"]), bytes.fromhex(vector["nonce_prefix"])
    ) as writer:
        writer.write(plaintext(vector["plaintext_size"]))
    return out.getvalue()


def changed(vector: dict[str, Any]) -> bytes:
    """The file after the changes of a vector: segments, put, keep, append."""
    file = written(named(vector["of"]))
    if "segments" in vector:
        file = file[: RecordingHeader.read(io.BytesIO(file)).size]
        for name, index in vector["segments"]:
            source = written(named(name))
            body = source[RecordingHeader.read(io.BytesIO(source)).size :]
            file += body[index * FILE["segment_size"] : (index + 1) * FILE["segment_size"]]
    for offset, value in vector.get("put", []):
        file = file[:offset] + bytes.fromhex(value) + file[offset + len(value) // 2 :]
    return file[: vector.get("keep", len(file))] + bytes.fromhex(vector.get("append", ""))
