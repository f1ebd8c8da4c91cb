"""Makes the fixtures of this folder: fixtures of the format tflite with
Circle's identifier (the schemas share all tables), and one whose operator is
renamed to Circle's INSTANCE_NORM by its code.

pip install ai-edge-litert; python gen.py
"""
import os
import flatbuffers
from ai_edge_litert import schema_py_generated as s

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, '..', '..', 'tflite', 'testdata')

def convert(source, name, edit=None):
    m = s.ModelT.InitFromPackedBuf(open(os.path.join(MODELS, source), 'rb').read(), 0)
    if edit: edit(m)
    b = flatbuffers.Builder(1024)
    b.Finish(m.Pack(b), file_identifier=b'CIR0')
    open(os.path.join(HERE, name), 'wb').write(bytes(b.Output()))

def instance_norm(m):
    m.operatorCodes[0].deprecatedBuiltinCode = m.operatorCodes[0].builtinCode = -2
    m.operatorCodes[0].version = 1

convert('mobile_converted.tflite', 'mobile.circle')
convert('old.tflite', 'instance_norm.circle', instance_norm)
