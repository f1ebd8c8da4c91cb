"""Makes the fixture of this folder from the schema: the header of LiteRT-LM
around two converted TensorFlow Lite fixtures of the format tflite.

pip install flatbuffers; python gen.py
"""
import os, struct
import flatbuffers

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, '..', '..', 'tflite', 'testdata')
BLOCK = 16 * 1024

def pair(b, key, value):
    k, v = b.CreateString(key), b.CreateString(value)
    b.StartObject(1); b.PrependUOffsetTRelativeSlot(0, v, 0); s = b.EndObject()
    b.StartObject(3)
    b.PrependUOffsetTRelativeSlot(0, k, 0); b.PrependUint8Slot(1, 9, 0); b.PrependUOffsetTRelativeSlot(2, s, 0)
    return b.EndObject()

def vector(b, items):
    b.StartVector(4, len(items), 4)
    for i in reversed(items): b.PrependUOffsetTRelative(i)
    return b.EndVector()

def one(b, slots):
    b.StartObject(len(slots))
    for i, s in enumerate(slots): b.PrependUOffsetTRelativeSlot(i, s, 0)
    return b.EndObject()

parts = [('tf_lite_embedder', 3, open(os.path.join(MODELS, 'mobile_int8_converted.tflite'), 'rb').read()),
         ('tf_lite_prefill_decode', 3, open(os.path.join(MODELS, 'while_converted.tflite'), 'rb').read()),
         ('', 5, b'\x08\x01')]
b = flatbuffers.Builder(1024)
objects, at = [], BLOCK
for name, kind, data in parts:
    items = vector(b, [pair(b, 'model_type', name)]) if name else None
    b.StartObject(4)
    if items is not None: b.PrependUOffsetTRelativeSlot(0, items, 0)
    b.PrependUint64Slot(1, at, 0); b.PrependUint64Slot(2, at + len(data), 0); b.PrependUint8Slot(3, kind, 0)
    objects.append(b.EndObject())
    at = (at + len(data)) // BLOCK * BLOCK + BLOCK
system = one(b, [vector(b, [pair(b, 'Authors', 'gaugeNN')])])
b.Finish(one(b, [system, one(b, [vector(b, objects)])]))
header = bytes(b.Output())
out = bytearray(b'LITERTLM' + struct.pack('<IIII', 1, 0, 0, 0) + struct.pack('<Q', 32 + len(header)) + header)
at = BLOCK
for name, kind, data in parts:
    out += bytes(at - len(out)) + data
    at = (at + len(data)) // BLOCK * BLOCK + BLOCK
open(os.path.join(HERE, 'two.litertlm'), 'wb').write(bytes(out))
print(len(out))
