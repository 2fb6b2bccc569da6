"""What a mapping says about its target reaches the client."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from fs_integration.pipeline.clients import Clients
from fs_integration.pipeline.target import target_table
from fs_integration.spec.loader import load_mapping
from fs_integration.spec.metadata import EntityMetadata


class Recording:
    """A client that notes how it was asked to write."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def write(self, metadata: EntityMetadata, rows: pd.DataFrame, **options: Any) -> pd.DataFrame:
        self.asked = options
        return rows


@pytest.mark.parametrize("strategy", ["auto", "upsert_multiple", "batch", "single"])
def test_the_way_to_write_of_a_mapping_reaches_dataverse(strategy: str) -> None:
    task = load_mapping("product_inventory").tasks[0]
    target = task.target.model_copy(update={"write": strategy, "request_rows": 7, "parallel_requests": 3})
    client = Recording()
    described = EntityMetadata(system="dataverse", name=target.table, logical_name="x", columns={})
    table = target_table(
        task.model_copy(update={"target": target}), Clients(client, client), company="usmf", metadata=described
    )
    table.write(pd.DataFrame(), columns=["a"], exists=False, execution_id="x", before_request=lambda: None)
    asked = client.asked
    assert (asked["strategy"], asked["request_rows"], asked["parallel_requests"]) == (strategy, 7, 3)
