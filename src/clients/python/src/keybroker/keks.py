"""The public KEKs of the keystores in use, kept in memory."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PublicKek:
    name: str
    spki: bytes
    read: float
    refresh: float


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    known: PublicKek | None = None
    reading: Future[PublicKek] | None = None
    retry: float = float("-inf")
    failure: Exception | None = None


class PublicKeks:
    """A KEK in use is read again before its refresh time.

    While the broker is away, the last known KEK is used up to a bound. Thread-safe.
    """

    _PAUSE = 1.0
    """How long the next attempt waits after a failed one, so that not every recording waits for a deadline."""

    def __init__(
        self,
        source: Callable[[str], PublicKek],
        is_away: Callable[[Exception], bool],
        executor: Executor,
        bound: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        :param is_away: whether a failure means that the broker is away
        :param bound: how old a KEK may be that is used while the broker is away, in seconds
        """
        self._source = source
        self._is_away = is_away
        self._executor = executor
        self._bound = bound
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def get(self, keystore: str) -> PublicKek:
        with self._lock:
            entry = self._entries.setdefault(keystore, _Entry())
        with entry.lock:
            now = self._clock()
            known = entry.known
            paused = entry.reading is None and now < entry.retry
            if known is not None and now < known.refresh:
                if not paused and now >= known.read + (known.refresh - known.read) * 2 / 3:
                    self._start(keystore, entry)
                return known
            if paused:
                return self._last_known(entry, now)
            failed_before = entry.failure is not None
            reading = self._start(keystore, entry)
            if failed_before and known is not None and now < known.read + self._bound:
                # The last attempt failed: nobody waits for this one.
                return known
        try:
            return reading.result()
        except Exception:
            with entry.lock:
                return self._last_known(entry, self._clock())

    def _start(self, keystore: str, entry: _Entry) -> Future[PublicKek]:
        if entry.reading is None:
            entry.reading = self._executor.submit(self._read, keystore, entry)
        return entry.reading

    def _read(self, keystore: str, entry: _Entry) -> PublicKek:
        try:
            kek = self._source(keystore)
        except Exception as failure:
            with entry.lock:
                entry.failure = failure
                entry.retry = self._clock() + self._PAUSE
                entry.reading = None
                if not self._is_away(failure):
                    entry.known = None
            raise
        with entry.lock:
            entry.known = kek
            entry.failure = None
            entry.reading = None
        return kek

    def _last_known(self, entry: _Entry, now: float) -> PublicKek:
        if entry.known is not None and now < entry.known.read + self._bound:
            return entry.known
        assert entry.failure is not None
        raise entry.failure
