import pytest

from headrace.credentials import without_credentials


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ada:secret@example.com/ada/trips.git", "https://example.com/ada/trips.git"),
        ("https://secret@example.com:8443/ada/trips.git", "https://example.com:8443/ada/trips.git"),
        ("https://:secret@example.com/trips", "https://example.com/trips"),
        ("HTTPS://ada:secret@example.com/trips", "HTTPS://example.com/trips"),
        ("https://ada:se@cret@example.com/trips@2", "https://example.com/trips@2"),
        ("https://ada:se/cret@example.com/trips", "https://example.com/trips"),
        ("https://ada:se#cret?@example.com/trips", "https://example.com/trips"),
        ("https://a@da:se/cret@example.com/trips", "https://example.com/trips"),
        ("https://ada:secret@[::1]:8080/trips", "https://[::1]:8080/trips"),
        ("https://example.com/trips.git?private_token=secret", "https://example.com/trips.git"),
        ("https://example.com?token=secret", "https://example.com"),
        ("https://example.com/trips#secret", "https://example.com/trips"),
        ("ftp://ada:secret@example.com/trips", "ftp://example.com/trips"),
        ("ssh://ada:secret@example.com/trips", "ssh://ada@example.com/trips"),
        ("SSH://git:se@cret@example.com:22/trips", "SSH://git@example.com:22/trips"),
        ("git+ssh://git:secret@example.com/trips", "git+ssh://git@example.com/trips"),
        ("codecommit::https://ada:secret@example.com/trips", "codecommit::https://example.com/trips"),
        ("git:secret@example.com:ada/trips.git", "git@example.com:ada/trips.git"),
        ("git:se@cret@example.com:ada/trips.git", "git@example.com:ada/trips.git"),
        ('ext::curl -H "Authorization: secret" https://example.com', ""),
    ],
)
def test_whatever_logs_in_is_taken_out_of_an_address(address: str, shown: str) -> None:
    assert without_credentials(address) == shown
    assert without_credentials(shown) == shown


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/ada/trips.git",
        "https://example.com:8443/trips@2",
        "https://[::1]/trips",
        "ssh://git@example.com:22/~ada/trips",
        "git@example.com:ada/trips.git",
        "git@[::1]:trips",
        "example.com:ada/trips@2.git",
        "file:///srv/a@b.git",
        "/srv/a@b:c.git",
        "../trips@2",
        "C:/a@b",
        "",
    ],
)
def test_an_address_without_a_secret_stays_as_it_is(address: str) -> None:
    assert without_credentials(address) == address
