import sys
from pathlib import Path

# the benches are scripts: what they share lies beside them
sys.path.append(str(Path(__file__).parents[2] / "bench"))
