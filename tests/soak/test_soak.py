"""The soak finds what it is there to find, and nothing where nothing is wrong."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.soak.canaries import secrets_in

from local.direct import SECRET

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJzYW5kYm94In0.c2lnbmF0dXJlLW9mLWEtdG9rZW4"


@pytest.mark.parametrize("seed", [1, 6, 8, 17])
def test_a_trial_finds_nothing_where_nothing_is_wrong(seed, trial_of):
    report = trial_of(seed).run()
    assert report.findings == {}
    assert report.runs > 0


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        pytest.param(lambda state: state.popitem(), "lost rows", id="a row is missing"),
        pytest.param(lambda state: state.update(["one more"]), "duplicate effects", id="there is a row too many"),
        pytest.param(lambda state: (state.popitem(), state.update(["another"])), "wrong values", id="a row differs"),
    ],
)
def test_a_trial_finds_what_is_wrong_in_the_systems(change, finding, trial_of, monkeypatch):
    trial = trial_of(1)
    compare = trial._compare

    def changed(site, wanted, held):
        state = site.state()
        change(state)
        monkeypatch.setattr(type(site), "state", lambda _: state)
        compare(site, wanted, held)

    monkeypatch.setattr(trial, "_compare", changed)
    assert list(trial.run().findings) == [finding]


@pytest.mark.parametrize(
    "secret", [SECRET, TOKEN, "https://a.blob.example/c/p.zip?sv=1&sig=c2lnbmF0dXJl%3D", "-----BEGIN PRIVATE KEY-----"]
)
def test_a_secret_is_found_in_logs_and_in_staged_rows(secret, tmp_path: Path):
    (tmp_path / "task.log").write_text(f"Authorization: {secret}\n", encoding="utf-8")
    pq.write_table(pa.table({"name": [secret]}), tmp_path / "rows.parquet")
    (tmp_path / "clean.log").write_text("sig=***, nothing else\n", encoding="utf-8")
    assert [found.partition(":")[0] for found in secrets_in(tmp_path)] == ["rows.parquet", "task.log"]
