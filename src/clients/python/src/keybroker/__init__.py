"""Encrypted recordings in the recording container, and the data plane of keybroker."""

from .client import KeyBrokerClient, KeyBrokerError, NewDek
from .dek import Dek
from .header import RecordingError, RecordingHeader, Reason
from .recording import RecordingReader, RecordingStream, RecordingWriter
from .sealing import RecipientKey

__all__ = [
    "Dek",
    "KeyBrokerClient",
    "KeyBrokerError",
    "NewDek",
    "Reason",
    "RecipientKey",
    "RecordingError",
    "RecordingHeader",
    "RecordingReader",
    "RecordingStream",
    "RecordingWriter",
]
