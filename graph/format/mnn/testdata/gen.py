"""Makes the fixtures of this folder with MNN's own converter.

pip install MNN; python gen.py
The source is the converted TensorFlow Lite fixture of the format tflite.
"""
import os, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, '..', '..', 'tflite', 'testdata', 'mobile_converted.tflite')
CONVERT = os.path.join(os.path.dirname(sys.executable), 'mnnconvert')

def convert(name, *flags):
    out = os.path.join(HERE, name)
    subprocess.run([CONVERT, '-f', 'TFLITE', '--modelFile', SOURCE, '--MNNModel', out, '--bizCode', 'fixture', *flags], check=True)

convert('mobile.mnn')
convert('mobile_fp16.mnn', '--fp16')
convert('mobile_int8.mnn', '--weightQuantBits', '8')
convert('mobile_int4.mnn', '--weightQuantBits', '4', '--weightQuantBlock', '8')
convert('mobile_external.mnn', '--saveExternalData')
