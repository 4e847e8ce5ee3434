"""Names in the environment that look like ours and are none."""

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

_PREFIX = "CORSPROXY_"
_ELSEWHERE = {"PORT": "LISTEN", "HOST": "LISTEN", "TARGET": "UPSTREAM", "BACKEND": "UPSTREAM"}
# what Kubernetes tells every pod of a service that is called corsproxy
_OF_A_SERVICE = re.compile(r"SERVICE_(HOST|PORT)\b|SERVICE_PORT_|PORT_\d+_|PORT=(tcp|udp|sctp)://")


def unknown(environ: Mapping[str, str], known: Collection[str], table: str = "") -> Iterator[str]:
    """Yield a warning for each name that begins as ours do, and that no option has.

    A name that stands in the text of the route table is used there.
    """
    ours = [name.removeprefix(_PREFIX) for name in known]
    for name, value in sorted(environ.items()):
        if not name.startswith(_PREFIX) or name in known or name in table:
            continue
        rest = name.removeprefix(_PREFIX)
        if _OF_A_SERVICE.match(f"{rest}={value}"):
            continue
        near = [_ELSEWHERE[rest]] if rest in _ELSEWHERE else get_close_matches(rest, ours, 1)
        hint = f"did you mean {_PREFIX}{near[0]}?" if near else "`corsproxy run --help` has those"
        yield f"{name} is not known; {hint}"
