"""Addresses that a user types: internal networks stay out of reach, however they are spelled."""

import pytest

from integrations.addresses import check
from integrations.errors import AddressRefused

INTERNAL = [
    "https://127.0.0.1",
    "https://localhost",
    "https://[::1]",
    "https://10.0.0.1",
    "https://172.16.3.4:8443",
    "https://192.168.1.1",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1",
    "https://0.0.0.0",
    "https://2130706433",
    "https://0x7f000001",
    "https://127.1",
    "https://[::ffff:10.0.0.1]",
    "https://[fd00::1]",
    "https://[fe80::1]",
    "https://224.0.0.1",
]
NONSENSE = [
    "",
    "example.com",
    "ftp://example.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://",
    "https://user:pass@8.8.8.8",
    "https://8.8.8.8/?a=b",
    "https://8.8.8.8/#a",
    "https://8.8.8.8:99999",
    "https://no-such-host.invalid",
    "http://8.8.8.8",
]


@pytest.mark.parametrize("address", INTERNAL + NONSENSE)
def test_refused(address: str, settings: object) -> None:
    settings.ALLOW_LOOPBACK_APPS = False  # type: ignore[attr-defined]
    with pytest.raises(AddressRefused) as caught:
        check(address)
    assert caught.value.message
    assert caught.value.code == "NETWORK_BLOCKED"


@pytest.mark.parametrize(
    "address", [address for address in INTERNAL if "127.0.0.1" not in address and "::1]" not in address]
)
def test_loopback_for_stand_ins_opens_nothing_else(address: str, settings: object) -> None:
    settings.ALLOW_LOOPBACK_APPS = True  # type: ignore[attr-defined]
    if address == "https://localhost":
        assert check(address) == address
    else:
        with pytest.raises(AddressRefused):
            check(address)


def test_allowed(settings: object) -> None:
    settings.ALLOW_LOOPBACK_APPS = False  # type: ignore[attr-defined]
    assert check(" https://8.8.8.8/ ") == "https://8.8.8.8"
    settings.ALLOW_LOOPBACK_APPS = True  # type: ignore[attr-defined]
    assert check("http://127.0.0.1:8099") == "http://127.0.0.1:8099"
