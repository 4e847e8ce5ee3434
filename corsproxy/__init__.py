"""A reverse proxy that answers CORS for servers that do not.

Four rooms, four verbs:

- `corsproxy.cli` asks: argv becomes one call;
- `corsproxy.core` decides: origins, policies, routes, heads; no I/O;
- `corsproxy.config` describes: YAML becomes a frozen `Config`, or a list of problems;
- `corsproxy.gateway` carries: the only package that talks HTTP;
- `corsproxy.observe` reports: reads exchanges, changes nothing.

`corsproxy.app` joins them; `corsproxy.demo` is what `corsproxy demo` shows.
"""

__version__ = "0.1.0"
