"""Where do batches rest between tasks?

As Parquet files with a manifest each, in folders named by mapping, task, legal entity, run and stage (docs/staging.md).
"""

from fs_integration.staging.area import StagingArea
from fs_integration.staging.names import STAGES, run_key

__all__ = ["STAGES", "StagingArea", "run_key"]
