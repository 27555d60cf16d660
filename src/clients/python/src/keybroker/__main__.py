"""`python -m keybroker`: encrypts, decrypts and inspects recordings."""

import argparse
import contextlib
import errno
import json
import os
import shutil
import signal
import sys
import uuid
from collections.abc import Iterator
from typing import BinaryIO

from .client import KeyBrokerClient, KeyBrokerError
from .header import RecordingError, RecordingHeader
from .recording import RecordingStream

_BUFFER = 1 << 16


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m keybroker",
        description="Encrypts, decrypts and inspects recordings. '-' is standard input or output.",
        epilog="Exit codes: 0 done, 1 the recording or the call was refused, 2 wrong usage or a file error. An output "
        "file appears under its name only when it is complete.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, summary in (
        ("encrypt", "encrypt a recording with a new DEK"),
        ("decrypt", "decrypt a recording"),
        ("inspect", "print a recording's header as JSON, without a key"),
    ):
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("input")
        if name != "inspect":
            command.add_argument("output")
            command.add_argument("--force", action="store_true", help="replace the output if it exists")
            command.add_argument("--broker", default="127.0.0.1:9000", help="gRPC target (default: %(default)s)")
            command.add_argument("--plaintext", action="store_true", help="without TLS")
            command.add_argument("--authorities", help="PEM file of the authorities of the brokers' certificates")
            command.add_argument("--certificate", help="PEM file of the client's certificate")
            command.add_argument("--key", help="PEM file of the client's private key")
            command.add_argument("--token-file", help="file of a bearer token")
            command.add_argument(
                "--context", action="append", default=[], metavar="KEY=VALUE", help="a pair of the encryption context"
            )
        if name == "encrypt":
            command.add_argument("--keystore", required=True, help="tenants/…/keystores/…")
            command.add_argument("--media-type")
            command.add_argument("--hide-context", action="store_true", help="store only a hash of the context")
        if name == "decrypt":
            command.add_argument("--recover", action="store_true", help="read what there is of an incomplete recording")
    return parser


def _client(arguments: argparse.Namespace) -> KeyBrokerClient:
    return KeyBrokerClient(
        arguments.broker,
        plaintext=arguments.plaintext,
        authorities=_bytes(arguments.authorities),
        certificate=_bytes(arguments.certificate),
        key=_bytes(arguments.key),
        token=(lambda: _bytes(arguments.token_file).decode().strip()) if arguments.token_file else None,
    )


def _bytes(path: str | None) -> bytes | None:
    if path is None:
        return None
    with open(path, "rb") as file:
        return file.read()


def _context(pairs: list[str]) -> dict[str, str]:
    context = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        # The message does not quote the pair, whose value may be confidential.
        if not equals or not key or key in context:
            raise ValueError("--context is KEY=VALUE, each key once")
        context[key] = value
    return context


@contextlib.contextmanager
def _input(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        yield sys.stdin.buffer
    else:
        with open(path, "rb") as file:
            yield file


@contextlib.contextmanager
def _output(path: str, force: bool) -> Iterator[BinaryIO]:
    """A file appears under its name only when it is complete and on disk."""
    if path == "-":
        # Not the interpreter's stream, which would be flushed once more after a failure.
        with open(sys.stdout.fileno(), "wb", closefd=False) as stream:
            yield stream
        return
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError(errno.EINVAL, "Not a regular file", path)
    if os.path.exists(target) and not force:
        raise FileExistsError(errno.EEXIST, "The file exists; --force replaces it", path)
    temporary = os.path.join(os.path.dirname(target), f".keybroker.{uuid.uuid4()}.tmp")
    try:
        file = open(temporary, "xb")
    except OSError as e:
        e.filename = path
        raise
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if force:
            os.replace(temporary, target)
        else:
            _name(temporary, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _name(temporary: str, target: str) -> None:
    """A link fails if the name was taken meanwhile. A file system without links gets a move."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        os.rename(temporary, target)


def _encrypt(arguments: argparse.Namespace) -> None:
    with (
        _client(arguments) as client,
        _input(arguments.input) as source,
        _output(arguments.output, arguments.force) as target,
    ):
        with client.record(
            target,
            arguments.keystore,
            _context(arguments.context),
            media_type=arguments.media_type,
            hide_context=arguments.hide_context,
        ) as writer:
            shutil.copyfileobj(source, writer, _BUFFER)


def _decrypt(arguments: argparse.Namespace) -> None:
    context = _context(arguments.context) or None
    with _client(arguments) as client, _input(arguments.input) as source:
        header = RecordingHeader.read(source)
        with client.unwrap(header, context) as dek:
            plaintext = RecordingStream(source, header, dek, context, recover=arguments.recover)
        with _output(arguments.output, arguments.force) as target:
            shutil.copyfileobj(plaintext, target, _BUFFER)


def _inspect(arguments: argparse.Namespace) -> None:
    with _input(arguments.input) as source:
        header = RecordingHeader.read(source)
    description = {
        "keystore": header.keystore,
        "kek_id": None if header.kek_id is None else str(header.kek_id),
        "created": header.created.isoformat(),
        "media_type": header.media_type,
        "segment_size": header.segment_size,
        "encryption_context": header.context,
        "encryption_context_sha256": header.context_hash.hex(),
        "metadata": header.metadata,
        "authentic": "unknown: the header is authentic only once the recording is decrypted",
    }
    print(json.dumps(description, indent=2))


def main(arguments: list[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    try:
        {"encrypt": _encrypt, "decrypt": _decrypt, "inspect": _inspect}[parsed.command](parsed)
        return 0
    except RecordingError as e:
        print(f"keybroker: {parsed.input}: {e}", file=sys.stderr)
        return 1
    except KeyBrokerError as e:
        print(f"keybroker: {e}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as e:
        print(f"keybroker: {e}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    # An end by SIGTERM leaves no part of a file behind either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
