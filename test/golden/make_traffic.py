"""Golden values of millwright/traffic: python make_traffic.py > traffic.json"""
import hashlib, json, math, sys
import numpy as np, scipy, statsmodels
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest, samplesize_proportions_2indep_onetail
from statsmodels.stats.power import NormalIndPower

def uniform(text):
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") // 8 + 0.5) / 2**53

def arm(unit, weights, salt):
    times = {a: -math.log(uniform(f"{salt}\0{a}\0{unit}")) / w for a, w in weights.items() if w > 0}
    return min(times, key=times.get)

assignments = []
for weights in ({"control": 0.5, "treatment": 0.5}, {"control": 0.9, "treatment": 0.1}, {"a": 1, "b": 2, "c": 0, "d": 7}):
    for salt in ("checkout", "Größe"):
        units = ["user-1", "user-2", "user-3", "Zoë", "用户", "0", "a b", "user-4", "user-5", "user-6"]
        assignments.append({"weights": weights, "salt": salt, "units": units, "arms": [arm(u, weights, salt) for u in units]})

shares = []
for h1, n1, h2, n2 in ((100, 1000, 130, 1000), (3, 60, 11, 55), (0, 40, 5, 42), (500, 5000, 480, 4100)):
    z, p = proportions_ztest([h2, h1], [n2, n1])
    small = min(h1, n1 - h1, h2, n2 - h2) < 10
    low, high = confint_proportions_2indep(h2, n2, h1, n1, method="newcomb" if small else "wald", compare="diff")
    shares.append({"args": [h1, n1, h2, n2], "pValue": p, "interval": [low, high]})

means = []
rng = np.random.default_rng(7)
for m, n, shift in ((30, 50, 0.3), (12, 9, 1.1), (500, 300, 0.02)):
    a, b = rng.normal(5, 2, m), rng.normal(5 + shift, 1, n)
    r = stats.ttest_ind(b, a, equal_var=False)
    ci = r.confidence_interval(0.95)
    means.append({"a": [m, a.mean(), a.var(ddof=1)], "b": [n, b.mean(), b.var(ddof=1)], "pValue": r.pvalue, "interval": [ci.low, ci.high]})

sizes = []
for p1, d, alpha, power in ((0.1, 0.02, 0.05, 0.8), (0.3, -0.05, 0.01, 0.9), (0.5, 0.01, 0.05, 0.95)):
    p2, pm = p1 + d, p1 + d / 2
    za, zb = stats.norm.isf(alpha / 2), stats.norm.isf(1 - power)
    sizes.append({"args": [p1, d, alpha, power], "units": math.ceil((za * math.sqrt(2 * pm * (1 - pm)) + zb * math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))) ** 2 / d**2)})
mean_sizes = []
for sd, d, alpha, power in ((10, 1, 0.05, 0.8), (3, 0.2, 0.01, 0.9)):
    # Two-sided power of statsmodels counts the wrong side, too: with these effects it adds less than 1e-9.
    mean_sizes.append({"args": [sd, d, alpha, power], "units": math.ceil(NormalIndPower().solve_power(d / sd, alpha=alpha, power=power))})

betas = []
for a, b, x in ((1, 1, 0.3), (12, 90, 0.15), (300, 290, 0.52)):
    betas.append({"args": [a, b, x], "cdf": float(stats.beta.cdf(x, a, b))})

json.dump({"made": f"Python {sys.version.split()[0]}, SciPy {scipy.__version__}, statsmodels {statsmodels.__version__}, NumPy {np.__version__}",
           "assignments": assignments, "shares": shares, "means": means, "sizes": sizes, "meanSizes": mean_sizes, "betas": betas}, sys.stdout, indent=1, ensure_ascii=False)
