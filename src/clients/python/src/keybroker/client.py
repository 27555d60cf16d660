"""A client of the brokers' data plane."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, BinaryIO

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from ._contract import CONTRACT
from .dek import Dek
from .header import RecordingHeader
from .keks import PublicKek, PublicKeks
from .recording import RecordingReader, RecordingWriter
from .wrapping import wrap

_BATCH = 1_000
_LARGEST_ANSWER = 16 << 20
_MIN_FRESH, _MAX_FRESH = 3.0, 300.0

SERVICE_CONFIG: dict[str, Any] = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "healthCheckConfig": {"serviceName": "keybroker.v1.KeyBroker"},
    "methodConfig": [
        {
            "name": [{"service": "keybroker.v1.KeyBroker"}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1},
}
"""The service config of src/docs/restarts.md."""


def _messages() -> Callable[[str], Any]:
    # A pool of its own: an application may have other versions of these files.
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(CONTRACT).file:
        pool.Add(file)
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


_message = _messages()


class KeyBrokerError(Exception):
    """A call that the broker refused, or that did not reach it."""

    def __init__(self, code: grpc.StatusCode, status: Any, text: str) -> None:
        self.code = code
        """The gRPC code."""
        self.reason = _reason(status)
        """The broker's reason, such as KMS_ACCESS_DENIED (src/docs/errors.md); empty if no broker answered."""
        super().__init__(f"{code.name}{'/' + self.reason if self.reason else ''}: {text}")

    @property
    def is_retryable(self) -> bool:
        """Whether the same call can succeed later without a change by anyone."""
        return self.code in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
            grpc.StatusCode.RESOURCE_EXHAUSTED,
        )


def _reason(status: Any) -> str:
    for detail in status.details:
        if detail.type_url.endswith("/google.rpc.ErrorInfo"):
            info = _message("google.rpc.ErrorInfo").FromString(detail.value)
            if info.domain == "keybroker.dev":
                return str(info.reason)
    return ""


def _of_call(error: grpc.RpcError) -> KeyBrokerError:
    status = _message("google.rpc.Status")()
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = _message("google.rpc.Status").FromString(value)
    return KeyBrokerError(error.code(), status, error.details() or "")


def _of_status(status: Any) -> KeyBrokerError:
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    return KeyBrokerError(code, status, status.message)


def _is_away(failure: Exception) -> bool:
    """A broker that answers that the root key cannot be used is not away: the keystore's owner wants no wraps then."""
    return (
        isinstance(failure, KeyBrokerError)
        and failure.is_retryable
        and not failure.reason.startswith("KMS_")
        and failure.reason != "ROOT_KEY_BUSY"
    )


class NewDek:
    """A DEK that was generated for one recording, with its wrapped form. Closed by its holder."""

    def __init__(self, dek: Dek, keystore: str, wrapped_dek: bytes, kek: str) -> None:
        self.dek = dek
        self.keystore = keystore
        self.wrapped_dek = wrapped_dek
        self.kek = kek

    def close(self) -> None:
        self.dek.close()

    def __enter__(self) -> "NewDek":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Bearer(grpc.AuthMetadataPlugin):
    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def __call__(self, context: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback) -> None:
        try:
            callback((("authorization", "Bearer " + self._token()),), None)
        except Exception as failure:
            callback((), failure)


class KeyBrokerClient:
    """Balances its calls over the brokers, watches their health and retries. Thread-safe; one for the application.

    Recording needs no call for each recording: the client generates the DEK and wraps it under the public KEK, which it
    keeps. While the brokers are away, it uses the last known KEK up to `offline` seconds.
    """

    def __init__(
        self,
        target: str,
        *,
        plaintext: bool = False,
        authorities: bytes | None = None,
        certificate: bytes | None = None,
        key: bytes | None = None,
        token: Callable[[], str] | None = None,
        deadline: float = 5.0,
        offline: float = 24 * 3600.0,
    ) -> None:
        """
        :param target: such as `dns:///keybroker.example:9000`
        :param plaintext: without TLS, for a broker on this machine in a test
        :param authorities: of the brokers' certificates, PEM; by default those of gRPC
        :param certificate: the client's certificate and `key`, its private key, PEM
        :param token: a bearer token, asked for at each call
        :param deadline: how long a call may take, its retries included, in seconds
        :param offline: how old a public KEK may be that is used while the brokers are away, in seconds
        """
        options = [
            ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
            ("grpc.enable_retries", 1),
            ("grpc.max_receive_message_length", _LARGEST_ANSWER),
        ]
        if plaintext:
            if token is not None or certificate is not None or authorities is not None:
                raise ValueError("credentials need TLS")
            self._channel = grpc.insecure_channel(target, options)
        else:
            credentials = grpc.ssl_channel_credentials(authorities, key, certificate)
            if token is not None:
                credentials = grpc.composite_channel_credentials(
                    credentials, grpc.metadata_call_credentials(_Bearer(token))
                )
            self._channel = grpc.secure_channel(target, credentials, options)
        self._deadline = deadline
        self._background = ThreadPoolExecutor(2, "keybroker-client")
        self._keks = PublicKeks(self._read_public_kek, _is_away, self._background, offline)

    def _call(self, rpc: str, request: str, response: str, **fields: Any) -> Any:
        method = self._channel.unary_unary(
            "/keybroker.v1.KeyBroker/" + rpc,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=_message("keybroker.v1." + response).FromString,
        )
        try:
            return method(_message("keybroker.v1." + request)(**fields), timeout=self._deadline)
        except grpc.RpcError as e:
            raise _of_call(e) from e

    def _read_public_kek(self, keystore: str) -> PublicKek:
        read, wall = time.monotonic(), time.time()
        kek = self._call("GetPublicKek", "GetPublicKekRequest", "PublicKek", keystore=keystore)
        # By the broker's clock, which may differ from this one's.
        fresh = kek.refresh_time.seconds + kek.refresh_time.nanos / 1e9 - wall
        return PublicKek(kek.kek, kek.public_key, read, read + min(max(fresh, _MIN_FRESH), _MAX_FRESH))

    def new_dek(self, keystore: str, context: Mapping[str, str]) -> NewDek:
        """Generates a DEK and wraps it under the keystore's ACTIVE KEK. The DEK does not leave this process.

        Calls the broker only if the public KEK is not in memory or is too old.
        """
        kek = self._keks.get(keystore)
        dek = Dek.random()
        try:
            return NewDek(dek, keystore, wrap(kek.name, kek.spki, dek, context), kek.name)
        except BaseException:
            dek.close()
            raise

    def record(self, file: BinaryIO, keystore: str, context: Mapping[str, str], **header: Any) -> RecordingWriter:
        """Starts a recording with its own DEK.

        :param header: what else the header says, as in :meth:`RecordingHeader.create`
        """
        with self.new_dek(keystore, context) as new:
            created = RecordingHeader.create(new.dek, keystore, new.wrapped_dek, context, **header)
            return RecordingWriter(file, created, new.dek)

    def open(self, file: BinaryIO, context: Mapping[str, str] | None = None) -> RecordingReader:
        """Opens a recording at any position.

        :param file: seekable, at the start of the recording
        :param context: None if the header's own is trusted
        """
        start = file.tell()
        with self.unwrap(RecordingHeader.read(file), context) as dek:
            file.seek(start)
            return RecordingReader(file, dek, context)

    def unwrap(self, header: RecordingHeader, context: Mapping[str, str] | None = None) -> Dek:
        """Unwraps the DEK of a recording. The caller closes it."""
        response = self._call("UnwrapDek", "UnwrapDekRequest", "UnwrapDekResponse", **_unwrap(header, context))
        return Dek(response.dek)

    def unwrap_sealed(
        self, header: RecordingHeader, recipient_public_key: bytes, context: Mapping[str, str] | None = None
    ) -> bytes:
        """Unwraps the DEK of a recording for a recipient, such as a page in a browser.

        The broker seals it to the recipient's key, and this process does not see it. `RecipientKey.open` opens it.

        :param recipient_public_key: an uncompressed P-256 point or an X25519 key
        """
        return bytes(
            self._call(
                "UnwrapDek",
                "UnwrapDekRequest",
                "UnwrapDekResponse",
                recipient_public_key=recipient_public_key,
                **_unwrap(header, context),
            ).sealed_dek
        )

    def unwrap_all(self, headers: Sequence[RecordingHeader]) -> list[Dek | KeyBrokerError]:
        """Unwraps the DEKs of many recordings whose headers have their contexts, in batches of 1,000.

        A failed item is its error. The caller closes the DEKs, which are in the order of the headers.
        """
        results: list[Dek | KeyBrokerError] = []
        for start in range(0, len(headers), _BATCH):
            request = _message("keybroker.v1.UnwrapDekRequest")
            response = self._call(
                "BatchUnwrapDeks",
                "BatchUnwrapDeksRequest",
                "BatchUnwrapDeksResponse",
                requests=[request(**_unwrap(header, None)) for header in headers[start : start + _BATCH]],
            )
            for result in response.results:
                failed = result.WhichOneof("result") == "error"
                results.append(_of_status(result.error) if failed else Dek(result.response.dek))
        return results

    def rewrap(
        self, header: RecordingHeader, context: Mapping[str, str] | None = None, destination: str | None = None
    ) -> RecordingHeader:
        """Moves a recording's DEK to the ACTIVE KEK of its keystore, or of another keystore of the tenant.

        Returns the header that replaces the old one; the body of the file stays as it is.
        """
        response = self._call(
            "RewrapDek",
            "RewrapDekRequest",
            "RewrapDekResponse",
            destination_keystore=destination or "",
            **_unwrap(header, context),
        )
        return header.with_wrapped_dek(destination or header.keystore, response.wrapped_dek)

    def close(self) -> None:
        """Ends the connections. Calls in progress fail."""
        self._channel.close()
        self._background.shutdown(cancel_futures=True)

    def __enter__(self) -> "KeyBrokerClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _unwrap(header: RecordingHeader, context: Mapping[str, str] | None) -> dict[str, Any]:
    return {
        "keystore": header.keystore,
        "wrapped_dek": header.wrapped_dek,
        "encryption_context": dict(header.check_context(context)),
    }
