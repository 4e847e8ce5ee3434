import pytest

from corsproxy.core.cors import CorsPolicy
from corsproxy.core.dangers import dangers
from corsproxy.core.origins import compile_origins


@pytest.mark.parametrize(
    ("origins", "credentials", "report", "named"),
    [
        (["https://a.example", "http://localhost:*"], True, False, ()),
        (["*"], False, False, ()),
        (["*"], True, False, ("any_origin_with_credentials",)),
        (["https://a.example"], True, True, ("any_origin_with_credentials",)),
        (["http://a.example"], False, False, ()),
        (["http://a.example"], True, False, ("insecure_origin_with_credentials",)),
        (["null", "http://*.a.example"], True, False,
         ("null_origin", "insecure_origin_with_credentials")),
    ],
)  # fmt: skip
def test_the_dangers_that_a_policy_takes_on(
    origins: list[str], credentials: bool, report: bool, named: tuple[str, ...]
):
    policy = CorsPolicy(origins=compile_origins(origins), credentials=credentials, report=report)
    assert dangers(policy) == named
