#!/usr/bin/env python3
"""Writes the fixtures of this folder with coremltools (pip install coremltools).

network.mlmodel   neural network of the old mapping: convolutions, pooling, batch norm, LSTM, image scaling, quantised weights
exact.mlmodel     neural network of the exact mapping: layers with axes, a branch and a loop
program.mlmodel   ML Program with weights/weight.bin (here: weight.bin) and a palettised weight
trees.mlmodel     a tree ensemble inside a pipeline
"""
import os, shutil, tempfile
import numpy as np
import coremltools as ct
from coremltools.converters.mil import Builder as mb
from coremltools.models import datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder
from coremltools.models.pipeline import Pipeline
from coremltools.models.tree_ensemble import TreeEnsembleRegressor

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(1)
W = lambda *s: rng.normal(size=s).astype(np.float32)


def save(spec, name):
    with open(os.path.join(here, name), "wb") as f:
        f.write(spec.SerializeToString(deterministic=True))


def network():
    b = NeuralNetworkBuilder([("image", datatypes.Array(3, 16, 16))], [("probs", datatypes.Array(5))], disable_rank5_shape_mapping=False)
    b.add_convolution("conv", 3, 4, 3, 3, 2, 2, "same", 1, W(3, 3, 3, 4), W(4), True, input_name="image", output_name="c")
    b.add_batchnorm("bn", 4, W(4), W(4), W(4), np.abs(W(4)), input_name="c", output_name="n")
    b.add_activation("relu", "RELU", "n", "r")
    b.add_convolution("dw", 1, 4, 3, 3, 1, 1, "valid", 4, W(3, 3, 1, 4), None, False, input_name="r", output_name="d")
    b.add_activation("prelu", "PRELU", "d", "p", params=W(4))
    b.add_pooling("pool", 2, 2, 2, 2, "MAX", "VALID", input_name="p", output_name="q")
    b.add_convolution("deconv", 4, 2, 2, 2, 2, 2, "valid", 1, W(2, 2, 2, 4), None, False, is_deconv=True, input_name="q", output_name="t")
    b.add_upsample("up", 2, 2, "t", "u")
    b.add_elementwise("two", ["u", "u"], "e", "CONCAT")
    b.add_padding("pad", 1, 1, 1, 1, 0, "e", "g")
    b.add_pooling("global", 1, 1, 1, 1, "AVERAGE", "VALID", "g", "a", is_global=True)
    b.add_flatten("flat", 0, "a", "f")
    b.add_inner_product("fc", W(5, 4), W(5), 4, 5, True, "f", "y")
    b.add_softmax("softmax", "y", "probs")
    b.set_input(["image"], [(3, 16, 16)])
    b.set_pre_processing_parameters(image_input_names=["image"], red_bias=-1, green_bias=-1, blue_bias=-1, image_scale=2 / 255)
    b.spec.description.metadata.author = "gaugenn fixtures"
    w = [l for l in b.spec.neuralNetwork.layers if l.name == "fc"][0].innerProduct.weights
    n = len(w.floatValue)
    w.ClearField("floatValue")
    w.rawValue = bytes(range(n))
    w.quantization.numberOfBits = 8
    w.quantization.linearQuantization.scale.extend([0.1])
    w.quantization.linearQuantization.bias.extend([0.0])
    save(b.spec, "network.mlmodel")


def exact():
    b = NeuralNetworkBuilder([("x", datatypes.Array(2, 4)), ("h", datatypes.Array(2))], [("y", datatypes.Array(2, 4))], disable_rank5_shape_mapping=True)
    b.add_split_nd("split", "x", ["a", "b"], axis=1, num_splits=2)
    b.add_concat_nd("concat", ["b", "a"], "c", axis=1)
    b.add_layer_normalization("ln", "c", "l", [4], W(4), W(4))
    b.add_batched_mat_mul("mm", ["l"], "m", weight_matrix_rows=4, weight_matrix_columns=4, W=W(4, 4), bias=W(4))
    b.add_reduce_mean("mean", "m", "r", axes=[1], keepdims=True)
    b.add_add_broadcastable("add", ["m", "r"], "s")
    b.add_load_constant_nd("k", "k", np.ones((1,), np.float32), (1,))
    layer = b.add_branch("branch", "k")
    then = NeuralNetworkBuilder(nn_spec=layer.branch.ifBranch)
    then.add_activation("t", "TANH", "s", "y")
    other = NeuralNetworkBuilder(nn_spec=layer.branch.elseBranch)
    other.add_copy("e", "s", "y")
    save(b.spec, "exact.mlmodel")


def program():
    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 3, 8, 8))], opset_version=ct.target.iOS16)
    def prog(x):
        y = mb.conv(x=x, weight=W(4, 3, 3, 3), bias=W(4), strides=[2, 2], pad_type="same", name="conv")
        y = mb.relu(x=y, name="relu")
        y = mb.avg_pool(x=y, kernel_sizes=[2, 2], strides=[2, 2], pad_type="valid", name="pool")
        y = mb.reshape(x=y, shape=[1, 16], name="flat")
        y = mb.linear(x=y, weight=W(10, 16), bias=W(10), name="fc")
        y = mb.pad(x=y, pad=[0, 0, 1, 2], mode="constant", constant_val=0.0, name="pad")
        y = mb.slice_by_index(x=y, begin=[0, 1], end=[0, 0], begin_mask=[True, False], end_mask=[True, True], name="slice")
        return mb.softmax(x=y, axis=-1, name="out")
    with tempfile.TemporaryDirectory() as d:
        m = ct.convert(prog, convert_to="mlprogram", compute_precision=ct.precision.FLOAT32, minimum_deployment_target=ct.target.iOS16)
        try:
            import coremltools.optimize.coreml as cto
            m = cto.palettize_weights(m, cto.OptimizationConfig(global_config=cto.OpPalettizerConfig(mode="uniform", nbits=4, weight_threshold=100)))
        except Exception as e:
            print("palettize:", e)
        p = os.path.join(d, "m.mlpackage")
        m.save(p)
        base = os.path.join(p, "Data", "com.apple.CoreML")
        shutil.copy(os.path.join(base, "model.mlmodel"), os.path.join(here, "program.mlmodel"))
        shutil.copy(os.path.join(base, "weights", "weight.bin"), os.path.join(here, "weight.bin"))


def trees():
    t = TreeEnsembleRegressor([("a", datatypes.Double())], "y")
    t.set_default_prediction_value(0.0)
    t.add_branch_node(0, 0, 0, 1.0, "BranchOnValueGreaterThan", 1, 2)
    t.add_leaf_node(0, 1, 1.0)
    t.add_leaf_node(0, 2, 2.0)
    p = Pipeline([("a", datatypes.Double())], [("y", datatypes.Double())])
    p.add_model(t.spec)
    save(p.spec, "trees.mlmodel")


for make in (network, exact, program, trees):
    make()
