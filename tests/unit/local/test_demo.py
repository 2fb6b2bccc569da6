"""``make demo`` takes care of what else uses the folder."""

from __future__ import annotations

import pytest

from local import demo
from local.services import ServiceError


def test_the_demo_does_not_sweep_away_what_make_up_is_using(tmp_path, monkeypatch):
    ledger, pids = tmp_path / "ledger.db", tmp_path / "up.json"
    for file in (ledger, pids):
        file.write_text("[]")
    monkeypatch.setattr(demo, "HOME", tmp_path)
    monkeypatch.setattr(demo, "PIDS", pids)
    monkeypatch.setattr(demo, "LEDGER", ledger)
    with pytest.raises(ServiceError, match="make down"):
        demo.demo()
    assert ledger.exists()


def test_an_unexpected_error_says_where_to_look(monkeypatch, capsys):
    def fail():
        raise ZeroDivisionError

    monkeypatch.setattr(demo, "demo", fail)
    with pytest.raises(ZeroDivisionError):
        demo.main()
    assert f"ended with ZeroDivisionError; what happened: {demo.LOG}" in capsys.readouterr().out
