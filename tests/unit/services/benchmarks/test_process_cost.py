import os
import resource
import time

import pytest

from services.benchmarks.process_cost import process_cpu_s, resident_bytes


def test_cpu_is_what_the_process_itself_counts() -> None:
    until_s = time.process_time() + 0.1
    while time.process_time() < until_s:
        pass
    assert process_cpu_s(os.getpid()) == pytest.approx(time.process_time(), abs=0.05)


def test_memory_is_no_more_than_the_most_there_ever_was() -> None:
    most_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert most_bytes / 4 < resident_bytes(os.getpid()) <= most_bytes * 1.05


def test_a_process_that_is_not_there_has_no_cost() -> None:
    with pytest.raises(OSError, match="No such file"):
        process_cpu_s(2**30)
