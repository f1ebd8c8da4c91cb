"""Makes the fixtures of this folder with ONNX Runtime's own writer.

pip install onnx onnxruntime; python gen.py
"""
import os
import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh
import onnxruntime as ort

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(1)

def save(name, model, level):
    onnx.checker.check_model(model)
    o = ort.SessionOptions()
    o.graph_optimization_level = level
    o.optimized_model_filepath = os.path.join(HERE, name)
    o.add_session_config_entry('session.save_model_format', 'ORT')
    ort.InferenceSession(model.SerializeToString(), o, providers=['CPUExecutionProvider'])
    print(name, os.path.getsize(os.path.join(HERE, name)))

def init(name, *shape):
    return nh.from_array(rng.standard_normal(shape).astype(np.float32), name)

def model(nodes, inputs, outputs, inits, **kw):
    g = h.make_graph(nodes, 'fixture', inputs, outputs, inits)
    m = h.make_model(g, opset_imports=[h.make_opsetid('', 17)], producer_name='gen.py', producer_version='1', ir_version=8)
    h.set_model_props(m, {'task': 'fixture'})
    return m

def conv():
    n = [h.make_node('Conv', ['x', 'w', 'b'], ['c'], name='conv', pads=[1, 1, 1, 1], strides=[2, 2]),
         h.make_node('Relu', ['c'], ['r'], name='relu'),
         h.make_node('GlobalAveragePool', ['r'], ['p'], name='pool'),
         h.make_node('Flatten', ['p'], ['f'], name='flatten'),
         h.make_node('Gemm', ['f', 'fw', 'fb'], ['y'], name='fc', transB=1)]
    return model(n, [h.make_tensor_value_info('x', T.FLOAT, ['batch', 3, 16, 16])], [h.make_tensor_value_info('y', T.FLOAT, ['batch', 5])],
                 [init('w', 8, 3, 3, 3), init('b', 8), init('fw', 5, 8), init('fb', 5)])

def branch():
    out = lambda n: h.make_tensor_value_info(n, T.FLOAT, [4])
    then = h.make_graph([h.make_node('Mul', ['x', 'k'], ['t'], name='mul')], 'then', [], [out('t')])
    other = h.make_graph([h.make_node('Sigmoid', ['x'], ['e'], name='sig')], 'else', [], [out('e')])
    n = [h.make_node('If', ['c'], ['y'], name='if', then_branch=then, else_branch=other)]
    return model(n, [h.make_tensor_value_info('c', T.BOOL, []), out('x')], [out('y')], [init('k', 4)])

L = ort.GraphOptimizationLevel
save('conv.ort', conv(), L.ORT_DISABLE_ALL)
save('conv_fused.ort', conv(), L.ORT_ENABLE_EXTENDED)
save('branch.ort', branch(), L.ORT_DISABLE_ALL)
