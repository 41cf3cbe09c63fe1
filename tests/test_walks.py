"""Calls walk a short way through the package: no more than the ceilings of the benchmark."""

import pytest

pytest.importorskip("numba")

from benchmarks import walks

CALLS = walks.calls()


@pytest.mark.parametrize("name", CALLS)
def test_ceiling(name):
    call, ceiling = CALLS[name]
    found = walks.walk(call)
    assert all(n <= most for n, most in zip(found, ceiling, strict=True)), (found, ceiling)


def test_a_longer_way_is_seen():
    import syntonic

    call, ceiling = CALLS["A + B"]
    shorter = walks.walk(call)
    longer = walks.walk(lambda: (call(), syntonic.ResonantTensor([1, 2]).sum()))
    assert longer.calls > max(shorter.calls, ceiling.calls)


def test_the_table(capsys):
    assert walks.main() == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["call", "calls", "files", "changes", "ceiling"]
    assert len(lines) == len(CALLS)
