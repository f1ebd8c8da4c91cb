#!/usr/bin/env python3
"""Writes the fixtures of the hdf5 reader with the HDF5 library (pip install
h5py numpy), in the oldest and the newest form of the file format."""

import h5py
import numpy as np


def write(path, libver):
    with h5py.File(path, 'w', libver=libver) as f:
        f.attrs['text'] = 'variable-length text: äöü'
        f.attrs['fixed'] = np.array([b'one', b'two', b'three'])
        f.attrs['number'] = np.int32(42)
        f.attrs['many'] = ['a', 'bb', 'ccc']
        g = f.create_group('weights')
        for i in range(3):
            s = g.create_group(f'layer_{i}')
            s.create_dataset('kernel:0', data=np.arange(6, dtype='<f4').reshape(2, 3) + i)
            s.create_dataset('bias:0', data=np.zeros(3, '<f2'))
        g.create_dataset('packed', data=np.arange(100, dtype='<i8'), chunks=(10,), compression='gzip')
        g.create_dataset('scalar', data=np.float64(2.5))
        g.create_dataset('never', shape=(4, 4), dtype='<i4')
        g.create_dataset('flags', data=np.array([True, False]))


if __name__ == '__main__':
    write('old.h5', 'earliest')
    write('new.h5', 'latest')
