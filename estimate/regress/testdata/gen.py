"""Writes oracle.json: numbers of SciPy and scikit-learn for small fixed problems. Run: python3 gen.py"""
import json
import numpy as np
from scipy.optimize import nnls
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

rng = np.random.default_rng(7)
out = {"nnls": [], "gp": []}
for m, n in ((6, 3), (12, 5), (40, 15)):
    a = rng.normal(size=(m, n)) + .3
    b = rng.normal(size=m) * 2
    x, r = nnls(a, b)
    out["nnls"].append({"a": a.tolist(), "b": b.tolist(), "x": x.tolist(), "residual": r})
for n in (5, 20):
    x = rng.uniform(0, 4, size=(n, 2))
    y = np.sin(x[:, 0]) + .5 * x[:, 1]
    q = rng.uniform(0, 4, size=(4, 2))
    k = ConstantKernel(1.7, "fixed") * RBF([1.2, .8], "fixed")
    gp = GaussianProcessRegressor(k, alpha=.05, optimizer=None).fit(x, y)
    mean, cov = gp.predict(q, return_cov=True)
    loo = []
    for i in range(n):
        s = np.arange(n) != i
        m, c = GaussianProcessRegressor(k, alpha=.05, optimizer=None).fit(x[s], y[s]).predict(x[[i]], return_cov=True)
        loo.append(float((y[i] - m[0]) ** 2 / (c[0, 0] + .05)))
    block = [0, 2, 3]
    s = ~np.isin(np.arange(n), block)
    bm, bc = GaussianProcessRegressor(k, alpha=.05, optimizer=None).fit(x[s], y[s]).predict(x[block], return_cov=True)
    out["gp"].append({"x": x.tolist(), "y": y.tolist(), "q": q.tolist(), "mean": mean.tolist(), "cov": cov.tolist(), "loo": loo,
                      "block": block, "block_error": (y[block] - bm).tolist(), "block_cov": (bc + .05 * np.eye(len(block))).tolist(), "noise": .05})
json.dump(out, open("oracle.json", "w"), indent=0)
