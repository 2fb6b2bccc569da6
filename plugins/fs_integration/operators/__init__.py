"""One Airflow operator per pipeline step, and three for order. Thin: they fetch, call the pipeline, and hand on."""

from fs_integration.operators.area_run import AreaRunOperator
from fs_integration.operators.extract import ExtractEntityOperator
from fs_integration.operators.load import LoadEntityOperator
from fs_integration.operators.outcome import OutcomeOperator
from fs_integration.operators.posting_sensor import JournalsPostedSensor
from fs_integration.operators.quality_gate import QualityGateOperator
from fs_integration.operators.reconcile import ReconcileLoadOperator
from fs_integration.operators.transform import TransformBatchOperator

__all__ = [
    "AreaRunOperator",
    "ExtractEntityOperator",
    "JournalsPostedSensor",
    "LoadEntityOperator",
    "OutcomeOperator",
    "QualityGateOperator",
    "ReconcileLoadOperator",
    "TransformBatchOperator",
]
