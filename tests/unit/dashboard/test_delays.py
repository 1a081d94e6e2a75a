from dashboard.delays import FORGET_AFTER_S, FREE_FAILURES, LONGEST_WAIT_S, MOST_KEYS, Delays

KEYS = ("login sari", "address 10.0.0.1")


def fail(delays: Delays, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        delays.failed(KEYS, now)


def test_a_few_mistakes_cost_nothing() -> None:
    delays = Delays()
    fail(delays, FREE_FAILURES - 1)
    assert delays.wait_s(KEYS, 0.0) == 0


def test_the_wait_grows_and_has_an_end() -> None:
    delays = Delays()
    fail(delays, FREE_FAILURES)
    waits = []
    for _ in range(12):
        waits.append(delays.wait_s(KEYS, 0.0))
        delays.failed(KEYS, 0.0)
    assert waits[0] > 0
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S
    assert delays.wait_s(KEYS, LONGEST_WAIT_S) == 0


def test_either_key_alone_is_enough() -> None:
    delays = Delays()
    fail(delays, FREE_FAILURES)
    assert delays.wait_s(("login sari", "address 10.9.9.9"), 0.0) > 0
    assert delays.wait_s(("login lain", KEYS[1]), 0.0) > 0
    assert delays.wait_s(("login lain", "address 10.9.9.9"), 0.0) == 0


def test_the_right_password_and_time_forgive() -> None:
    delays = Delays()
    fail(delays, FREE_FAILURES)
    assert delays.wait_s(KEYS, FORGET_AFTER_S + 1) == 0
    delays.succeeded(KEYS)
    assert delays.wait_s(KEYS, 0.0) == 0


def test_memory_has_an_end() -> None:
    delays = Delays()
    for number in range(MOST_KEYS + 10):
        delays.failed((f"login {number}",), float(number) / 100)
    assert len(delays._failures) <= MOST_KEYS
