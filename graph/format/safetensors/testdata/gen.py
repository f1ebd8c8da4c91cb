#!/usr/bin/env python3
"""Writes the fixture of graph/format/safetensors with its own library (pip
install safetensors numpy)."""

import numpy as np
from safetensors.numpy import save_file

rng = np.random.default_rng(9)

if __name__ == '__main__':
    save_file({
        'layer.weight': rng.normal(0, 1, (4, 3)).astype('f4'), 'layer.bias': np.zeros(4, 'f2'), 'ids': np.arange(5, dtype='i8'), 'scalar': np.array(2.5, 'f8'), 'empty': np.zeros((0, 3), 'f4'),
    }, 'small.safetensors', metadata={'format': 'pt', 'license': 'apache-2.0'})
