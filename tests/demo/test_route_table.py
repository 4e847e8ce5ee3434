"""The demo's route table is what the page says it is."""

from importlib.resources import files

import yaml

from corsproxy.config.loader import load_text

TABLE = files("corsproxy.demo").joinpath("corsproxy.yaml").read_text(encoding="utf-8")


def test_the_route_table():
    assert yaml.safe_load(TABLE) == {
        "listen": "${DEMO_LISTEN}",
        "admin": "${DEMO_ADMIN}",
        "routes": [
            {
                "name": "address-book",
                "path": "/api",
                "upstream": "${DEMO_API}",
                "cookies": "local",
                "cors": {
                    "allow_origins": ["${DEMO_FRONTEND}"],
                    "allow_methods": ["GET", "POST", "PUT", "DELETE"],
                    "allow_headers": ["Content-Type", "X-Demo"],
                    "expose_headers": ["X-Total-Count"],
                    "allow_credentials": True,
                    "max_age": "10m",
                },
            }
        ],
    }


def test_it_loads_without_a_warning():
    addresses = {
        "DEMO_LISTEN": "127.0.0.1:8080",
        "DEMO_ADMIN": "127.0.0.1:8081",
        "DEMO_API": "http://127.0.0.1:3002",
        "DEMO_FRONTEND": "http://localhost:3001",
    }
    config = load_text(TABLE, "corsproxy.yaml", addresses)
    assert config.warnings == ()
    assert [(route.name, str(route.upstream)) for route in config.table.routes] == [
        ("address-book", "http://127.0.0.1:3002")
    ]
    assert config.table.routes[0].policy is not None


def test_it_stands_on_a_page_without_being_cut():
    assert max(len(line) for line in TABLE.splitlines()) <= 90
