"""Passwords are checked a few at a time, so that many at once do not take the server's memory."""

from concurrent.futures import ThreadPoolExecutor

from app.auth.passwords import fits, hash_password


def test_more_passwords_than_a_process_works_on_at_once_are_all_answered() -> None:
    stored = hash_password("a right password")
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda word: fits(stored, word), ["a right password", "a wrong one"] * 6))
    assert found == [True, False] * 6
