#!/usr/bin/env python3
"""Writes the fixtures of this folder: one small graph as text and in binary form.

No MediaPipe package is needed: the message is assembled from the field numbers of
mediapipe/framework/calculator.proto."""
import os

here = os.path.dirname(os.path.abspath(__file__))


def field(n, v):
    v = v.encode() if isinstance(v, str) else v
    assert len(v) < 16384
    size = bytes([len(v)]) if len(v) < 128 else bytes([len(v) & 127 | 128, len(v) >> 7])
    key = n << 3 | 2
    tag = bytes([key]) if key < 128 else bytes([key & 127 | 128, key >> 7])
    return tag + size + v


KEYS = {"name": 1, "calculator": 2, "input_stream": 3, "output_stream": 4, "input_side_packet": 5, "output_side_packet": 6}
TOP = {"input_stream": 10, "output_stream": 15, "input_side_packet": 16, "type": 20}
nodes = [
    [("calculator", "FlowLimiterCalculator"), ("input_stream", "image"), ("input_stream", "FINISHED:boxes"), ("output_stream", "throttled")],
    [("calculator", "TfLiteModelCalculator"), ("input_side_packet", "MODEL_BLOB:blob"), ("output_side_packet", "MODEL:model")],
    [("name", "net"), ("calculator", "InferenceCalculator"), ("input_stream", "IMAGE:throttled"), ("input_side_packet", "MODEL:model"),
     ("output_stream", "TENSORS:0:boxes")],
]
top = [("type", "TinyDetectionCpu"), ("input_stream", "IMAGE:image"), ("output_stream", "boxes"), ("input_side_packet", "blob")]
options = field(7, field(1001, field(1, "mediapipe/modules/tiny/tiny.tflite")))

binary = b"".join(field(1, b"".join(field(KEYS[k], v) for k, v in n) + (options if n[0][0] == "name" else b"")) for n in nodes)
binary += b"".join(field(TOP[k], v) for k, v in top)
open(os.path.join(here, "tiny.binarypb"), "wb").write(binary)

text = "# a tiny graph\n" + "".join(f'{k}: "{v}"\n' for k, v in top)
for n in nodes:
    text += "node {\n" + "".join(f'  {k}: "{v}"\n' for k, v in n)
    if n[0][0] == "name":
        text += '  options: {\n    [mediapipe.InferenceCalculatorOptions.ext] {\n      model_path: "mediapipe/modules/tiny/tiny.tflite"\n    }\n  }\n'
    text += "}\n"
open(os.path.join(here, "tiny.pbtxt"), "w").write(text)
