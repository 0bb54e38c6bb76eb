"""Golden numbers of paired differences: exact McNemar and sign tests, and intervals of paired proportions.

    python make_differences.py [test/golden/differences.json]

The tests are statsmodels' and scipy's own. Of Newcombe's (1998) method 10 neither has a version, so it is put together
here from statsmodels' Wilson limits; Tango's (1998) score interval, found by root search from its definition, is a
second opinion from another derivation.
"""

import json
import math
import pathlib
import sys

from scipy.optimize import brentq
from scipy.stats import binomtest, norm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

# Prompts that both answer so, that rose, that fell, that neither does.
CELLS = [
    (1, 0, 195, 4), (24, 1, 172, 3), (180, 9, 3, 8), (3, 5, 5, 187), (0, 0, 0, 120), (200, 0, 0, 0),
    (100, 0, 13, 7), (0, 15, 0, 105), (12, 11, 2, 39), (2, 1, 1, 60), (40, 30, 20, 10), (5, 1, 8, 6),
]


def newcombe(both: int, rose: int, fell: int, neither: int) -> tuple[float, float]:
    n = both + rose + fell + neither
    after, before = (both + rose) / n, (both + fell) / n
    low_after, high_after = proportion_confint(both + rose, n, method="wilson")
    low_before, high_before = proportion_confint(both + fell, n, method="wilson")
    margins = (both + rose) * (fell + neither) * (both + fell) * (rose + neither)
    numerator = both * neither - rose * fell
    if numerator > 0:
        numerator = max(numerator - n / 2, 0)
    phi = 0.0 if margins == 0 else numerator / math.sqrt(margins)
    down, up = after - low_after, high_before - before
    low = after - before - math.sqrt(max(0, down**2 - 2 * phi * down * up + up**2))
    up, down = high_after - after, before - low_before
    high = after - before + math.sqrt(max(0, up**2 - 2 * phi * up * down + down**2))
    return max(-1, low), min(1, high)


def tango(both: int, rose: int, fell: int, neither: int) -> tuple[float, float]:
    n = both + rose + fell + neither
    z = norm.ppf(0.975)

    def score(delta: float) -> float:
        a, b = 2 * n, -rose - fell + (2 * n - rose + fell) * delta
        c = -fell * delta * (1 - delta)
        q = (math.sqrt(max(0, b * b - 4 * a * c)) - b) / (2 * a)
        variance = n * (2 * q + delta * (1 - delta))
        distance = rose - fell - n * delta
        return 0 if distance == 0 else distance / math.sqrt(max(variance, 1e-300))

    value, edge = (rose - fell) / n, 1 - 1e-9
    low = -1.0 if score(-edge) <= z else brentq(lambda delta: score(delta) - z, -edge, value)
    high = 1.0 if score(edge) >= -z else brentq(lambda delta: score(delta) + z, value, edge)
    return low, high


def case(both: int, rose: int, fell: int, neither: int) -> dict:
    exact = float(mcnemar([[both, fell], [rose, neither]], exact=True).pvalue)
    if rose + fell > 0:
        assert abs(exact - binomtest(rose, rose + fell).pvalue) < 1e-12
    return {
        "cells": [both, rose, fell, neither],
        "newcombe": newcombe(both, rose, fell, neither),
        "tango": tango(both, rose, fell, neither),
        "p": exact,
    }


root = pathlib.Path(__file__).resolve().parents[2]
target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "test/golden/differences.json"
target.write_text(json.dumps([case(*cells) for cells in CELLS], indent=1) + "\n")
