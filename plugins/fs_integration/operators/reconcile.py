"""Operator of the last step: the books, the watermark and the asset event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

from fs_integration.errors import DataQualityError
from fs_integration.operators.area_run import ONLY_STOPPED
from fs_integration.operators.base import AreaOperator, waiting_for_its_turn
from fs_integration.records import BatchRef

if TYPE_CHECKING:
    from airflow.sdk import Context

    from fs_integration.pipeline.reconcile import Books
    from fs_integration.pipeline.run import Run


class ReconcileLoadOperator(AreaOperator):
    """Compare what was sent with what arrived, close the books, move the watermark, publish the asset.

    Fails, after closing the books of the companies that were loaded, when the gate stopped others; it then names them
    in a note for the cycle. Rows that are missing or differ leave no such note.

    :param results: what the load tasks returned; :param stopped: company -> why the gate stopped it.
    :param asset: the target table, as other DAGs may wait for it.
    """

    template_fields = ("results", "stopped")

    def __init__(
        self, *, results: Sequence[dict[str, Any]], stopped: dict[str, list[str]], asset: Asset, **kwargs: Any
    ) -> None:
        # An alias as outlet: the event is published by hand below, only when the run deserves one.
        self.alias = AssetAlias(name=asset.name)
        super().__init__(inlets=[asset], outlets=[self.alias], **kwargs)
        self.results, self.stopped, self.asset = results, stopped, asset

    def execute(self, context: Context) -> list[dict[str, Any]]:
        from fs_integration.pipeline.gate import stop_message
        from fs_integration.pipeline.load import LoadResult
        from fs_integration.pipeline.reconcile import reconcile

        run = self.run_of(context)
        results = [LoadResult(BatchRef.from_dict(result["outcome"]), result["counts"]) for result in self.results or ()]
        loaded = [scope for scope in self.scopes if scope.legal_entity not in self.stopped]
        with waiting_for_its_turn(), self.counted(run, "reconcile"):
            books = reconcile(
                self.area_task, run, companies=self.scopes, scopes=loaded, results=results, clients=self.clients,
                staging=self.staging, ledger=self.ledger,
            )  # fmt: skip
        self._publish(context, run, books)
        if self.stopped:
            context["ti"].xcom_push(key=ONLY_STOPPED, value=sorted(self.stopped))
            reasons = {company: tuple(messages) for company, messages in self.stopped.items()}
            raise DataQualityError(stop_message(self.scopes[0], reasons))
        return [own.to_dict() for own in books]

    def _publish(self, context: Context, run: Run, books: list[Books]) -> None:
        """Mirror the watermarks where operators see them; a run that moves them also publishes the asset.

        A stateless run publishes nothing, so that a backfill does not start the areas that wait for this one.
        """
        from fs_integration.pipeline.run import Mode

        if run.mode is Mode.STATELESS:
            return
        watermarks = {scope.legal_entity: self.ledger.watermark(scope) for scope in self.scopes}
        readable = {company: moment.isoformat() for company, moment in watermarks.items() if moment}
        context["asset_state_store"][self.asset].set(f"watermarks_{self.mapping}_{self.mapping_task}", readable)
        extra = {own.legal_entity: own.to_dict() for own in books}
        context["outlet_events"][self.alias].add(self.asset, extra=extra)
