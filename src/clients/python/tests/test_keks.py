"""When a public KEK is read again, and how long the last known one is used."""

import unittest
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from keybroker.keks import PublicKek, PublicKeks

KEYSTORE = "tenants/acme/keystores/calls"


class Away(Exception):
    pass


class Refused(Exception):
    pass


class Waiting(Executor):
    """Runs work when the test says so."""

    def __init__(self) -> None:
        self.work: list = []

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        self.work.append(lambda: future.set_result(fn(*args, **kwargs)))
        return future


class PublicKeksTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 1000.0
        self.reads = 0
        self.failure: Exception | None = None
        executor = ThreadPoolExecutor(1)
        self.addCleanup(executor.shutdown)
        self.keks = PublicKeks(
            self.read, lambda e: isinstance(e, Away), executor, 3600.0, lambda: self.now
        )

    def read(self, keystore: str) -> PublicKek:
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        return PublicKek(f"{keystore}/keks/{self.reads}", b"", self.now, self.now + 30)

    def name(self) -> str:
        return self.keks.get(KEYSTORE).name[-1]

    def test_fresh_kek_is_read_once(self) -> None:
        self.assertEqual("1", self.name())
        self.now += 19
        self.assertEqual("1", self.name())
        self.assertEqual(1, self.reads)

    def test_kek_past_its_refresh_time_is_read_before_it_is_used(self) -> None:
        self.name()
        self.now += 30
        self.assertEqual("2", self.name())

    def test_kek_in_use_is_read_ahead_once(self) -> None:
        self.name()
        waiting = Waiting()
        self.keks._executor = waiting
        self.now += 20
        self.assertEqual("1", self.name())
        self.assertEqual("1", self.name())
        self.assertEqual(1, len(waiting.work))
        waiting.work.pop()()
        self.assertEqual("2", self.name())

    def test_broker_away_last_known_kek_serves_up_to_the_bound(self) -> None:
        self.name()
        self.failure = Away()
        self.now += 31
        self.assertEqual("1", self.name())
        self.now = 1000.0 + 3601
        with self.assertRaises(Away):
            self.name()

    def test_broker_that_refuses_ends_the_use_of_the_last_known_kek(self) -> None:
        self.name()
        self.failure = Refused()
        self.now += 31
        for _ in range(2):
            with self.assertRaises(Refused):
                self.name()

    def test_after_a_failure_nobody_waits(self) -> None:
        self.name()
        self.failure = Away()
        self.now += 31
        self.name()
        reads = self.reads
        self.name()
        self.assertEqual(reads, self.reads)
        waiting = Waiting()
        self.keks._executor = waiting
        self.now += 2
        self.assertEqual("1", self.name())
        self.assertEqual(1, len(waiting.work))


if __name__ == "__main__":
    unittest.main()
