from engine.evaluate import wilson


def test_wilson_interval_matches_the_published_example():
    lo, hi = wilson(3, 8) or (0, 0)
    assert (round(lo, 3), round(hi, 3)) == (0.137, 0.694)
