"""What happened, and what may be written?

Runs and their books, quarantine, fingerprints of what was last written, leases and watermarks, in one SQL database
(docs/ledger.md).
"""

from fs_integration.ledger.engine import open_engine
from fs_integration.ledger.leases import Lease
from fs_integration.ledger.ledger import Ledger
from fs_integration.ledger.runs import RunEntry

__all__ = ["Lease", "Ledger", "RunEntry", "open_engine"]
