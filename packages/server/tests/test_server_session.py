from integrates.server.auth.session import hash_session_id, new_session_id


def test_ids_are_256_random_bits() -> None:
    assert len({new_session_id() for _ in range(100)}) == 100
    assert all(len(new_session_id()) == 43 for _ in range(9))


def test_only_the_hash_of_the_cookie_is_stored() -> None:
    assert hash_session_id("secret") == "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
