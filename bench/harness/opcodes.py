"""Run corsproxy and count the opcodes each of its functions executes; print the counts at the end.

    python opcodes.py FILE run -c ROUTES

A count of opcodes is the same in each run, whatever else the machine does. What C does isn't in it.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from corsproxy.cli import main as corsproxy

counts: Counter[CodeType] = Counter()


def trace(frame: FrameType, event: str, _: Any) -> Any:
    """Count an opcode of a frame, and ask for those of each new one."""
    if event == "opcode":
        counts[frame.f_code] += 1
    else:
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
    return trace


def main() -> None:
    """Run until ended by a signal, then write what was counted."""
    sys.settrace(trace)
    try:
        corsproxy(sys.argv[2:], standalone_mode=False)
    finally:
        sys.settrace(None)
        named: Counter[str] = Counter()
        for code, count in counts.items():
            named[f"{_shown(code.co_filename)} {code.co_qualname}"] += count
        Path(sys.argv[1]).write_text(json.dumps(named))


def _shown(name: str) -> str:
    return "/".join(Path(name).parts[-2:])


if __name__ == "__main__":
    main()
