"""What `run` serves by: held against files and mappings that say the same."""

from dataclasses import replace
from pathlib import Path

from corsproxy.config import load_file, load_mapping
from corsproxy.config.command_line import load

TABLE = """\
listen: 127.0.0.1:0
cors: {allow_origins: ["http://localhost:3001"]}
routes: [{upstream: "http://legacy:8000"}]
"""


def test_a_file_is_loaded_as_it_is(tmp_path: Path):
    path = tmp_path / "t.yaml"
    path.write_text(TABLE)
    assert load(path, None, {}) == load_file(path, {})


def test_the_command_line_is_put_over_a_file(tmp_path: Path):
    path = tmp_path / "t.yaml"
    path.write_text(TABLE)
    config = load(path, None, {"listen": "127.0.0.1:81", "admin": "off", "log_format": "json"})
    assert [str(listener) for listener in config.listen] == ["127.0.0.1:81"]
    assert (config.admin, config.log.format) == (None, "json")
    assert config.table == load_file(path, {}).table


def test_without_a_file_one_route_lets_pass_what_a_frontend_needs():
    given = load(None, "http://legacy:8000", {"allow_origins": ("https://app.example",)})
    document = {
        "cors": {
            "allow_origins": ["https://app.example"],
            "allow_methods": ["*"],
            "allow_headers": ["*", "Authorization"],
            "expose_headers": ["*"],
            "allow_credentials": True,
        },
        "routes": [{"path": "/", "upstream": "http://legacy:8000"}],
    }
    written = load_mapping(document, "command line").table
    routes = [replace(route, policy_place="command line") for route in written.routes]
    assert given.table == replace(written, routes=routes)
