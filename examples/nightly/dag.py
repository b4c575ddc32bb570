"""
The night as a DAG of Airflow, where it is installed; without it, run as a script, the same steps in the same order.

    python dag.py FOLDER
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path

from batch import STEPS

try:
    from airflow import DAG
    from airflow.providers.standard.operators.python import PythonOperator
except ModuleNotFoundError:
    DAG = None

FOLDER = Path(os.environ.get("CIF_FOLDER", "night"))

if DAG is not None:
    with DAG(
        "cif_night",
        schedule="30 1 * * *",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
    ) as dag:
        made = {
            name: PythonOperator(task_id=name, python_callable=step, op_args=[FOLDER], retries=2)
            for name, (step, _) in STEPS.items()
        }
        for name, (_, before) in STEPS.items():
            for one in before:
                made[one] >> made[name]

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(exist_ok=True, parents=True)
    for name in TopologicalSorter({name: before for name, (_, before) in STEPS.items()}).static_order():
        STEPS[name][0](folder)
