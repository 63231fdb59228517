"""URLs that strangers may have us call."""

import pytest

from domain.network import is_public, target_of


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_the_public_internet_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "::", "::1", "fe80::1%eth0", "fd00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("192.88.99.1", "168.63.129.16", "100.100.100.200", "64:ff9b:1::7f00:1", "fec0::1", "5f00::1", "3fff::1"),
    ],
)
def test_an_internal_address_may_not_be_called(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com/hook?a=b", ("example.com", 443)),
        ("http://example.com", ("example.com", 80)),
        ("https://[2606:4700::1]:8443/", ("2606:4700::1", 8443)),
    ],
)
def test_a_url_says_where_to_connect(url: str, target: tuple[str, int]) -> None:
    assert target_of(url) == target


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.com", "file:///etc/passwd", "example.com", "https://", "https://user:word@example.com/"),
        *("https://example.com:port/", "https://例子.cn/", "https://example.com/a b", "https://example.com/\nHost: a"),
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        target_of(url)
