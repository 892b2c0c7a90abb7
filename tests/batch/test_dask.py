"""A Dask cluster, with a real scheduler and two processes, gives the same bytes."""

import pytest

import paektuseis as ps
from paektuseis.batch import dask_executor

from .conftest import START
from .test_run import contents

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.loopback


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_same_bytes_from_a_cluster(archive, settings, tmp_path):
    span = {"endtime": START + 2 * 86400}
    ps.run_archive(archive, settings, tmp_path / "here", **span)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        dask_executor(cluster.scheduler_address) as executor,
    ):
        done = ps.run_archive(archive, settings, tmp_path / "there", executor=executor, **span)
    assert done.done == 2
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_nobody_at_the_address():
    with (
        pytest.raises(ps.ParameterError, match="no Dask scheduler answers"),
        dask_executor("tcp://127.0.0.1:9"),
    ):
        pass
