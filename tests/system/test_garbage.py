import gc

import pytest

from diptych.system.garbage import no_garbage


def test_the_collector_pauses_and_goes_on() -> None:
    with no_garbage():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError), no_garbage():
        raise ValueError
    assert gc.isenabled()


def test_a_collector_that_somebody_stopped_stays_so() -> None:
    gc.disable()
    try:
        with no_garbage():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
