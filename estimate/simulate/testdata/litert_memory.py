#!/usr/bin/env python3
"""Records what LiteRT's interpreter takes in memory for one model: litert_memory.py MODEL.tflite builtin|xnnpack

Prints the growth of anonymous memory (KiB) from before allocate_tensors to after the first inference, in a process of its own. Needs the
PyPI packages ai-edge-litert (2.3.0) and numpy, on Linux. litert_memory.json holds the results for models of public repositories and
packages, by SHA-256; the models themselves are not part of this project.
"""
import json, re, sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

path, mode = sys.argv[1], sys.argv[2]


def anonymous():
    return int(re.search(r'RssAnon:\s+(\d+)', open('/proc/self/status').read()).group(1))


options = {'experimental_op_resolver_type': OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES} if mode == 'builtin' else {}
interpreter = Interpreter(model_path=path, num_threads=1, **options)
before = anonymous()
interpreter.allocate_tensors()
for d in interpreter.get_input_details():
    interpreter.set_tensor(d['index'], np.zeros(d['shape'], d['dtype']))
interpreter.invoke()
print(json.dumps({'anonymous_kib': anonymous() - before}))
