import os
import secrets
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

# Node processes inherit these; Ray reads them when it is imported.
SETTINGS = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # A node that is gone is missed after a second, rather than after half a minute.
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "300",
    "RAY_health_check_failure_threshold": "3",
    # Workers train in float32 on every processor: in bfloat16 sums depend on their parts.
    "ATEN_CPU_CAPABILITY": "avx2",
}
NODE: dict[str, Any] = {
    "num_cpus": 1,
    "object_store_memory": 80 * 2**20,
    "include_dashboard": False,
}


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A cluster of two nodes on this machine, each with one processor; RAY_ADDRESS names it."""
    if not find_spec("ray"):  # not imported yet: it reads its settings then
        pytest.skip("Ray is not installed")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        # The workers of a node find the code as this process does.
        patch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
        from ray.cluster_utils import Cluster

        nodes: Any = Cluster(initialize_head=True, head_node_args=NODE)
        nodes.add_node(**NODE)
        patch.setenv("RAY_ADDRESS", nodes.address)
        yield nodes
        nodes.shutdown()
