from __future__ import annotations

from itertools import pairwise

from axonize_server.query.explain.path import Segment, critical_path, family, find_root
from hypothesis import given

from tests.server.explaining import node, trees


def path(spans, root=0):
    return critical_path(spans, family(spans), root)


@given(trees())
def test_the_path_tiles_the_root(spans):
    found = path(spans)
    root = spans[0]
    assert sum(end - start for _, start, end in found) == root.duration_ns
    assert all(start < end for _, start, end in found)
    assert all(one.end == other.start for one, other in pairwise(found))
    if found:
        assert found[0].start == root.start_offset_ns
        assert found[-1].end == root.start_offset_ns + root.duration_ns


@given(trees())
def test_a_span_is_on_the_path_itself_only_while_none_of_its_children_runs(spans):
    kin = family(spans)
    for place, start, end in path(spans):
        span = spans[place]
        assert span.start_offset_ns <= start < end <= span.start_offset_ns + span.duration_ns
        for child in kin.children[place]:
            begun = spans[child].start_offset_ns
            assert not max(begun, start) < min(begun + spans[child].duration_ns, end)


def test_of_those_that_run_at_once_the_last_to_end_counts():
    spans = [node(1, 0, 0, 20), node(2, 1, 0, 10), node(3, 1, 4, 2), node(4, 1, 5, 13)]
    assert path(spans) == [Segment(1, 0, 5), Segment(3, 5, 18), Segment(0, 18, 20)]


def test_a_child_that_outlives_its_parent_counts_as_long_as_the_parent_does():
    assert path([node(1, 0, 10, 10), node(2, 1, 0, 100)]) == [Segment(1, 10, 20)]


def test_the_engines_own_word_of_a_request_gives_way_to_its_phases():
    phases = [node(2, 1, 0, 4, name="prefill"), node(3, 1, 4, 6, name="decode")]
    spans = [node(1, 0, 0, 10), *phases, node(4, 1, 0, 10, name="engine.request")]
    assert path(spans) == [Segment(1, 0, 4), Segment(2, 4, 10)]
    assert path([spans[0], spans[3]]) == [Segment(1, 0, 10)]


def test_the_root_is_the_longest_span_that_has_no_parent():
    orphan = node(1, 0, 0, 100, parent_span_id="ff", orphan=True)
    assert find_root([orphan, node(2, 0, 0, 5), node(3, 0, 0, 9), node(4, 1, 0, 50)]) == 2
    assert find_root([orphan]) == 0


def test_ten_thousand_levels_are_no_deeper_than_a_list():
    spans = [node(n + 1, n, n, 40_000 - 2 * n) for n in range(10_000)]
    assert sum(end - start for _, start, end in path(spans)) == 40_000
