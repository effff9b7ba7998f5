"""The benchmark suite: workloads, peers, timing and reports behind `benchmarks/compare.py`."""
