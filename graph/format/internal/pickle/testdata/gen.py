#!/usr/bin/env python3
"""Writes one value in every protocol of Python's pickle."""

import collections
import pickle

VALUE = {
    'none': None, 'flags': [True, False], 'ints': [0, -1, 255, 65535, -70000, 1 << 40, -1], 'float': 2.5, 'text': 'äöü', 'tuple': (1, (2, 3), ()),
    'nested': {'a': {}, 'b': []}, 'bytes': b'\x00\x01', 'ordered': collections.OrderedDict(key=1), 'set': {7}, 'big': 1 << 80, 'class': collections.Counter,
}

if __name__ == '__main__':
    for p in range(6):
        v = dict(VALUE)
        if p == 0:
            v.pop('big')
        with open(f'p{p}.pkl', 'wb') as f:
            pickle.dump(v, f, protocol=p)
