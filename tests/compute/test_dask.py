"""Populate on a Dask cluster: here one of two processes, elsewhere as many machines as there are."""

from __future__ import annotations

import os
import time

import pytest

from datajoint_lab.compute import populate


@pytest.fixture
def client(lab, monkeypatch):
    from distributed import Client, LocalCluster

    # Passwords do not travel: workers have the same configuration as everybody else.
    monkeypatch.setenv("DJ_URL", lab.connection.address.reveal())
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.mark.backends("postgresql")
def test_a_cluster(lab, client):
    lab.Source.insert({"number": number, "value": 0.0} for number in range(5, 60))
    Source = lab.Source

    def make(self, key):
        if key["number"] == 7:
            raise ValueError("seven")
        if key["number"] < 4:
            time.sleep(0.2)
        self.insert1({**key, "value": os.getpid() + 0 * len(Source & key)})

    table = lab.computed(make)
    result = table.populate(executor=client, suppress_errors=True)
    assert result == {"success_count": 59, "error_list": [({"number": 7}, "ValueError: seven")]}
    assert len(set(table.to_arrays("value"))) == 2
    assert os.getpid() not in table.to_arrays("value")
    table.delete(prompt=False)
    result = table.populate(executor=client, suppress_errors=True, reserve_jobs=True)
    assert result["success_count"] == 59
    assert table.jobs.progress()["error"] == table.jobs.progress()["total"] == 1
    result = populate(lab.schema, executor=client, suppress_errors=True, reserve_jobs=True)
    assert result["success_count"] == 0
