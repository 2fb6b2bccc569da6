"""Run areas once in this process: ``python -m bench.pipeline CONFIG.json AREA...``; prints the sums of their books."""

from __future__ import annotations

import json
import sys
import uuid
from collections import Counter
from pathlib import Path

from fs_integration.spec.loader import load_mapping
from local.direct import connect
from local.services import Sandbox

COUNTS = ("read", "created", "updated", "unchanged", "quarantined", "skipped", "blocked", "drift")


def main(config: Path, areas: list[str]) -> int:
    given = json.loads(config.read_text(encoding="utf-8"))
    direct = connect(Sandbox(given["urls"], Path(given["ca_file"])), Path(given["home"]))
    sums: Counter[str] = Counter()
    for area in areas:
        for books in direct.run(load_mapping(area), run_id=uuid.uuid4().hex):
            sums.update({name: getattr(books, name) for name in COUNTS})
    print(json.dumps(sums))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
