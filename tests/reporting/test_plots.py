import re

from diptych.reporting.plots import Bar, Line, intervals, lines


def test_lines_of_different_names_never_look_alike() -> None:
    names = ("blur", "noise", "jpeg", "darker", "brighter", "rotation", "occlusion")
    actual = [Line(name, [0, 1, 2], [90, 80 - i, 70 - i]) for i, name in enumerate(names)]
    svg = lines(actual, "Accuracy", "strength", "accuracy, %")
    markers = set(re.findall(r'<path id="m\w+" d="([^"]+)" style="stroke: (#\w+)', svg))
    seen = [(form, colour) for form, colour in markers if colour != "#000000"]
    assert len(seen) == len(names)
    # Whoever sees no colours can tell them apart too.
    assert len({form for form, _ in seen}) == len(names)


def test_seeds_of_one_engine_are_one_entry_of_the_legend() -> None:
    actual = [Line("torch", [1, 2], [50 + i, 60 + i]) for i in range(3)]
    svg = lines([*actual, Line("tensorflow", [1, 2], [50, 61])], "Seeds", "epoch", "accuracy, %")
    assert (svg.count(">torch<"), svg.count(">tensorflow<")) == (1, 1)


def test_long_names_leave_room_for_the_plot() -> None:
    actual = [Bar(name * 60, 90, 80, 95) for name in ("ab", "cd")]
    svg = intervals(actual, "How many pictures of each and every class are recognised", "recall, %")
    assert svg.count("…<") == 2
    assert ">How many pictures of each and every class are<" in svg  # a title has lines too
