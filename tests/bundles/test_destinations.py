from pathlib import Path

import pytest

from diptych.bundles.destinations import refuse_unwritable_bundle
from diptych.errors import InputError
from diptych.system.files import write_file


def test_what_cannot_become_a_bundle_is_refused_first(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("absent")
    with pytest.raises(InputError, match="link is a link that leads nowhere; name another"):
        refuse_unwritable_bundle(tmp_path / "link", force=True)
    long = tmp_path / ("b" * 255)
    refuse_unwritable_bundle(long, force=False)
    write_file(long, b"")
    assert list(tmp_path.glob("b*")) == [long]
