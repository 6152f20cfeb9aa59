"""Keys: what is encrypted can be read with any key that is still there, and nothing else can."""

import pytest

from shared.errors import Misuse
from shared.secrets import Keyring

OLD, NEW = "o" * 40, "n" * 40


def test_what_was_encrypted_can_be_read_and_is_not_visible() -> None:
    sealed = Keyring([OLD]).encrypt("çlave")
    assert "çlave".encode() not in sealed
    assert Keyring([OLD]).decrypt(sealed) == "çlave"


def test_after_a_rotation_the_newest_key_writes_and_the_former_still_reads() -> None:
    before = Keyring([OLD]).encrypt("x")
    both = Keyring([NEW, OLD])
    assert both.decrypt(before) == "x"
    after = both.encrypt("y")
    assert Keyring([NEW]).decrypt(after) == "y"
    with pytest.raises(Misuse):
        Keyring([OLD]).decrypt(after)


def test_a_key_that_is_gone_is_named_as_the_cause() -> None:
    with pytest.raises(Misuse, match="PONTE_SECRET_KEY has changed"):
        Keyring([NEW]).decrypt(Keyring([OLD]).encrypt("x"))


def test_digests_tell_equal_from_different_and_depend_on_the_key() -> None:
    keys = Keyring([OLD])
    assert keys.digest("a") == Keyring([OLD]).digest("a")
    assert len({keys.digest("a"), keys.digest("b"), Keyring([NEW]).digest("a")}) == 3


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys = Keyring([NEW, OLD])
    assert len({*keys.signing, *keys.sessions, OLD.encode(), NEW.encode()}) == 6
