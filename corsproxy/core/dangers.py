"""The dangers that a policy has to take on by name (`dangerously_allow`)."""

from collections.abc import Iterator

from corsproxy.core import hosts
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.origins import OriginPattern


def dangers(policy: CorsPolicy) -> tuple[str, ...]:
    """Return those that can be told from the policy alone: public suffixes take their list."""
    found = ["null_origin"] if policy.origins.null else []
    if (policy.origins.any_origin or policy.report) and policy.credentials:
        found.append("any_origin_with_credentials")
    if next(insecure(policy), None):
        found.append("insecure_origin_with_credentials")
    return tuple(found)


def insecure(policy: CorsPolicy) -> Iterator[OriginPattern]:
    """Yield the origins that anybody on the network can be, where they get credentials."""
    for pattern in policy.origins.patterns if policy.credentials else ():
        if pattern.scheme == "http" and not hosts.is_loopback(pattern.host):
            yield pattern
