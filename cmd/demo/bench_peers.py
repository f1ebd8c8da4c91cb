#!/usr/bin/env python3
"""bench_peers.py - whole-process speed side by side with ../shared/peers/baseline_scan.py, in one run.

Needs ../shared, the speed corpus (made once in build/speed by make_corpus.py
from what get.sh fetched into build/corpus) and a virtual environment with the
baseline's packages, which it makes. Prints a table; quote only ratios.
"""
import csv
import glob
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.path.join(os.path.dirname(ROOT), "shared")
PEERS, SPEED = os.path.join(SHARED, "peers"), os.environ.get("GAUGENN_SPEED_CORPUS", os.path.join(ROOT, "build", "speed"))
VENV = os.environ.get("GAUGENN_BENCH_VENV", os.path.join(ROOT, "build", "bench-venv"))
PY = os.path.join(VENV, "bin", "python")


def prepare():
    if not os.path.exists(PY):
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([PY, "-m", "pip", "-q", "install", "pyarrow", "numpy", "tflite", "onnx", "duckdb"], check=True)
    if not glob.glob(SPEED + "/*.apk"):
        got = os.path.join(ROOT, "build", "corpus")
        subprocess.run([os.path.join(SHARED, "corpus", "get.sh"), got], check=True)
        subprocess.run([PY, os.path.join(PEERS, "make_corpus.py"), "--apks", got, "--models", got, "--libs", os.path.join(VENV, "lib"), "--out", SPEED], check=True)


def timed(cmd):
    """Return (wall seconds, CPU seconds, peak MB of the largest process, output)."""
    t = time.perf_counter()
    pid_out = subprocess.run(["/usr/bin/env", "python3", "-c", """
import resource, subprocess, sys
r = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
u = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stdout.write(r.stdout)
print(f"\\nRUSAGE {u.ru_utime + u.ru_stime:.2f} {u.ru_maxrss / 1024:.0f} {r.returncode}")
""", *cmd], capture_output=True, text=True)
    wall = time.perf_counter() - t
    m = re.search(r"RUSAGE (\S+) (\S+) (\d+)", pid_out.stdout)
    if m is None or m.group(3) != "0":
        sys.exit(f"{cmd[0]} failed:\n{pid_out.stdout}{pid_out.stderr}")
    return wall, float(m.group(1)), float(m.group(2)), pid_out.stdout


def accounted(tables):
    """Return how many planted files the tables account for, by kind."""
    code = f"""
import csv, duckdb, collections
rows = duckdb.sql("select a.path, f.path, f.sha256, f.status, f.format from '{tables}/files/*.parquet' f join '{tables}/apps/*.parquet' a using (app_sha256)").fetchall()
by = collections.defaultdict(list)
for app, path, sha, status, fmt in rows: by[app.split('/')[-1]].append((path, sha, status, fmt))
n = collections.Counter(); ok = collections.Counter()
for p in csv.DictReader(open('{SPEED}/planted.csv')):
    k = p['kind']; n[k] += 1
    here = [r for r in by[p['apk']] if r[0] == p['path'] or r[0].startswith(p['path'] + '!/')]
    if k == 'xor_0x5a': good = any(r[2] in ('encrypted',) for r in [(x[0], x[1], x[2]) for x in here])
    elif k == 'bundle': good = any(r[3] == 'tflite' and r[2] in ('parsed', 'partial') for r in here) or not here
    else: good = any(r[1] == p['sha256_of_model'] and r[2] in ('parsed', 'partial', 'opaque') for r in here)
    ok[k] += good
print(', '.join(f'{{k}} {{ok[k]}}/{{n[k]}}' for k in sorted(n)), '| all', sum(ok.values()), 'of', sum(n.values()))
"""
    return subprocess.run([PY, "-c", code], capture_output=True, text=True).stdout.strip()


def main():
    prepare()
    apks = sorted(glob.glob(SPEED + "/*.apk"))
    out = os.path.join(ROOT, "build", "bench-out")
    gaugenn = os.path.join(ROOT, "bin", "gaugenn")
    base = [PY, os.path.join(PEERS, "baseline_scan.py"), "-j", "2"]
    plans = [
        ("baseline -j 2", [*base, out + ".parquet", *apks], None),
        ("gaugenn peek", [gaugenn, "scan", "--quiet", "--depth", "peek", SPEED, "-o", out + "-peek"], "baseline -j 2"),
        ("baseline --all -j 2", [*base, "--all", out + ".parquet", *apks], None),
        ("gaugenn full", [gaugenn, "scan", "--quiet", SPEED, "-o", out + "-full"], "baseline --all -j 2"),
    ]
    best = {}
    rounds = int(os.environ.get("ROUNDS", "3"))
    for _ in range(rounds):
        for name, cmd, _ in plans:
            shutil.rmtree(cmd[-1], ignore_errors=True)
            r = timed(cmd)
            if name not in best or r[0] < best[name][0]:
                best[name] = r
    print(f"{len(apks)} APKs, {sum(os.path.getsize(a) for a in apks) / 1e6:.0f} MB, best of {rounds} rounds")
    print(f"{'':22}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'times faster':>14}")
    for name, _, peer in plans:
        w, c, m, _ = best[name]
        print(f"{name:22}{w:8.2f}{c:8.2f}{m:9.0f}{best[peer][0] / w if peer else 1:14.1f}")
    for d in ("-peek", "-full"):
        print(f"planted, gaugenn{d}: {accounted(out + d)}")


if __name__ == "__main__":
    main()
