"""Make golden.json: blobs that the existing implementation writes, so that reading them is tested without it.

Run with an interpreter that has datajoint 2.3.5: `PYTHONHASHSEED=0 python tests/codecs/make_golden.py`
(the seed keeps the members of sets in order).
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Write golden.json next to this file."""
    sys.path.insert(0, str(HERE))
    import kinds
    from datajoint.blob import MatCell, MatStruct, pack

    golden = {"made by": f"datajoint {importlib.metadata.version('datajoint')}", "plain": {}, "compressed": {}}
    for name, (value, _) in kinds.kinds(MatCell, MatStruct).items():
        golden["plain"][name] = pack(value, compress=False).hex()
        compressed = pack(value)
        if compressed.startswith(b"ZL123"):
            golden["compressed"][name] = compressed.hex()
    (HERE / "golden.json").write_text(json.dumps(golden, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
