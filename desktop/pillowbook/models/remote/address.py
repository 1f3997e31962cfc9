"""Where a model server is, and which machines may be spoken to without encryption."""

import ipaddress
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

_DEFAULT_PATH: Final = "/v1"
_PRIVATE: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)
"""RFC 1918, RFC 3927, RFC 4193 and link-local IPv6. Shared address space (100.64.0.0/10) is a provider's, not ours."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A checked address. ``path`` begins with a slash and does not end with one; ``/chat/completions`` hangs there."""

    is_encrypted: bool
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, text: str) -> Self:
        """The address of a text that the setting's kind has checked; ValueError for any other."""
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("no address of a server")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return cls(
            parts.scheme == "https",
            parts.hostname.encode("idna").decode("ascii"),
            port,
            parts.path.rstrip("/") or _DEFAULT_PATH,
        )

    @property
    def authority(self) -> str:
        """Host and port as the ``Host`` header wants them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """What a key belongs to: scheme, host and port."""
        return f"{'https' if self.is_encrypted else 'http'}://{self.authority}"


def may_be_plain(ip: str, *, allows_private: bool) -> bool:
    """Whether text may go to this address without encryption: this machine always, a private network when allowed.

    Args:
        ip: what is really connected to, after every name was resolved.
    """
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return True
    return allows_private and any(
        address in network for network in _PRIVATE if network.version == address.version
    )
