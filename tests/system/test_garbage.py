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


def test_what_was_made_meanwhile_is_looked_at_seldom() -> None:
    with no_garbage():
        made = [[i] for i in range(1000)]
    young = {id(one) for one in gc.get_objects(generation=0)}
    assert not young & {id(one) for one in made}
    assert gc.get_freeze_count() == 0
