"""Writes gp.oracle.json: predictions of scikit-learn's Gaussian process with fixed parameters."""
import json, os
import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

rng = np.random.RandomState(0)
X = rng.randn(20, 2)
y = np.sin(X[:, 0]) + .3 * X[:, 1] ** 2
T = rng.randn(8, 2)
scale, sd, noise = [1.3, .7], 1.1, .2
g = GaussianProcessRegressor(ConstantKernel(sd ** 2) * RBF(scale), alpha=noise ** 2, optimizer=None).fit(X, y)
m, s = g.predict(T, return_std=True)
out = dict(X=X.tolist(), Test=T.tolist(), Y=y.tolist(), Scale=scale, SD=sd, Noise=noise, Mean=m.tolist(), Std=s.tolist())
json.dump(out, open(os.path.join(os.path.dirname(__file__), 'gp.oracle.json'), 'w'))
