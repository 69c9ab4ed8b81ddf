import ipaddress

import pytest

from diptych.gathering.failures import Failure
from diptych.gathering.guard import is_public, public, resolve

PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1"),
    *("2001:db8::1", "100::1", "4000::1"),
    # IPv4 addresses inside of IPv6: mapped, compatible, 6to4, Teredo, NAT64.
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
    *("2002:7f00:1::", "2002:c0a8:101::1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1"),
    "2001:0:7f00:1::",
    *("", "localhost", "1.2.3", "0x7f000001"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_no_use_to_others_are_not_public(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(Failure, match="private address"):
        public([address])


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
)
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    ipaddress.ip_address(address)
    assert public(["10.0.0.1", address]) == [address]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "017700000001", "localhost", "::1"]
)
def test_this_machine_is_known_however_it_is_written(host: str) -> None:
    try:
        addresses = resolve(host, 80)
    except Failure:
        return  # this system knows no such way
    with pytest.raises(Failure, match="private address"):
        public(addresses)


def test_a_name_that_nobody_has_is_said() -> None:
    for name in ("nothing.invalid", "a" * 70 + ".com", "-.-"):
        with pytest.raises(Failure, match="no such host"):
            resolve(name, 80)
