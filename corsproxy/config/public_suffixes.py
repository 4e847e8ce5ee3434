"""Which names anyone can register names under: the Public Suffix List."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


class PublicSuffixes:
    """Asks the list, which is imported and read when it is asked first: 25 ms and 1.4 MB.

    What it doesn't know (`internal`, `local`, `localhost`) is nobody's to sell, and not public.
    """

    @cached_property
    def _list(self) -> "PublicSuffixList":
        from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 few tables need it

        return PublicSuffixList(accept_unknown=False)

    def is_open(self, host: str) -> bool:
        """Tell whether anyone can get a name under `host`: `com`, `co.uk`, `github.io`."""
        name = host.strip(".")
        return self._list.is_public(name) or self._list.is_public(f"x.{name}")

    def registered(self, host: str) -> str | None:
        """Return the part of a host that somebody registered: `example.co.uk`; None for others."""
        return self._list.privatesuffix(host.strip("."))
