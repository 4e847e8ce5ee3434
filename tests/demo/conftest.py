"""The demo's two apps, each on a loopback port of its own."""

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from corsproxy.demo import frontend, legacy_api


@pytest.fixture
async def client(aiohttp_client: AiohttpClient) -> TestClient:
    """Return a client of a fresh legacy API, whose events come at once."""
    return await aiohttp_client(legacy_api.create_app(event_interval=0))


@pytest.fixture
async def page(aiohttp_client: AiohttpClient) -> TestClient:
    """Return a client of the frontend."""
    return await aiohttp_client(
        frontend.create_app("http://127.0.0.1:3002", "http://localhost:8080/")
    )
