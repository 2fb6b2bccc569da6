"""A small sound mapping to break in one place at a time, and folders to put files in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SOUND = """\
mapping: parts
title: Parts
value_maps:
  kind: {Item: 1, Service: 3}
tasks:
  - name: parts
    title: Parts
    source:
      system: finance_operations
      entity: SellableReleasedProducts
      key: [ProductNumber]
      company_field: dataAreaId
      keep:
        - {field: IsStockedProduct, is: "Yes", reason: Only stocked ones.}
    references:
      currencies:
        system: dataverse
        entity: transactioncurrencies
        key: [isocurrencycode]
        take: [transactioncurrencyid]
      groups:
        system: dataverse
        entity: uomschedules
        key: [name]
        take: [uomscheduleid]
      units:
        system: dataverse
        entity: uoms
        key: [uomscheduleid, name]
        take: [uomid]
    target:
      system: dataverse
      table: products
      key: [productnumber]
      addressed_by: primary_key
    fields:
      - {from: ProductNumber, to: productnumber}
      - {from: ProductName, to: name, max_length: 100, too_long: truncate, required: true}
      - {from: ProductType, to: producttypecode, value_map: kind}
      - {from: CurrencyCode, to: transactioncurrencyid, lookup: {reference: currencies, take: transactioncurrencyid}}
      - {value: default unit, to: defaultuomscheduleid, lookup: {reference: groups, take: uomscheduleid}}
      - from: SalesUnitSymbol
        to: defaultuomid
        lookup: {reference: units, take: uomid, within: {uomscheduleid: defaultuomscheduleid}}
      - {from: SalesUnitDecimalPrecision, to: quantitydecimal, clamp: {min: 0, max: 5}}
      - {from: SalesPrice, to: price, round: 4}
      - {value: 1, to: productstructure, only_on_create: true}
    quality:
      - {stage: raw, expect: not_null, field: ProductNumber}
      - {stage: raw, expect: row_count_change, max_drop_percent: 50, failing: stop_batch}
"""


@pytest.fixture
def sound() -> str:
    """Text of a mapping file without a fault."""
    return SOUND


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of mappings that the loader uses."""
    for name in ("standard", "custom", "connection_sets"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("FS_INTEGRATION_MAPPINGS", str(tmp_path))
    return tmp_path


@pytest.fixture
def broken(folder: Path) -> Callable[[str, str], tuple[Path, int]]:
    """Write the sound mapping with one text replaced; return the file and the line of the mark ``#!`` in it."""

    def write(old: str, new: str) -> tuple[Path, int]:
        assert old in SOUND, f"the sound mapping has no {old!r}"
        text = SOUND.replace(old, new, 1)
        marked = next((number for number, line in enumerate(text.splitlines(), 1) if "#!" in line), 0)
        file = folder / "standard" / "parts.yaml"
        file.write_text(text, encoding="utf-8")
        return file, marked

    return write
