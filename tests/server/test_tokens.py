from __future__ import annotations

from axonize_server.tokens import Ends, Tokens, Usage


def test_the_larger_sum_of_each_number_counts():
    ends = Ends(others=Tokens(40, 11, 8), clients=Tokens(0, 12, 8))
    assert ends.counted == Tokens(40, 12, 8)
    assert (ends + ends).counted == Tokens(80, 24, 16)
    assert Ends().counted == Tokens(0, 0, 0)


def test_each_model_counts_by_itself():
    served = Usage({"llama": Ends(others=Tokens(40, 11)), "": Ends(Tokens(1, 1))})
    called = Usage({"llama": Ends(clients=Tokens(40, 11)), "gpt": Ends(clients=Tokens(5, 6))})
    assert (served + called).by_model["llama"] == Ends(Tokens(40, 11), Tokens(40, 11))
    assert (served + called).counted == Tokens(46, 18)
    assert Usage({}).counted == Tokens()
