#!/usr/bin/env python3
"""bench_peers.py - whole-process speed side by side with ../shared/peers/baseline_scan.py, in one run.

Needs ../shared, the speed corpus (made once in build/speed by make_corpus.py
from what get.sh fetched into build/corpus) and virtual environments with the
peers' packages, which it makes. Prints a table; quote only ratios.

Beside the corpus: its largest APK alone, the corpus twice (is memory flat?),
thousands of small apps (rate, memory), and evidence beside androguard. Where
the system has libdeflate, gaugenn uses it; rows without it are printed too.
ROUNDS=n sets the rounds, the best of which count; the default is 3.
"""
import csv
import glob
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.path.join(os.path.dirname(ROOT), "shared")
PEERS, SPEED = os.path.join(SHARED, "peers"), os.environ.get("GAUGENN_SPEED_CORPUS", os.path.join(ROOT, "build", "speed"))
VENV = os.environ.get("GAUGENN_BENCH_VENV", os.path.join(ROOT, "build", "bench-venv"))
PY = os.path.join(VENV, "bin", "python")
ANDROGUARD = os.environ.get("GAUGENN_ANDROGUARD_VENV", os.path.join(ROOT, "build", "androguard-venv"))
OUT = os.path.join(ROOT, "build", "bench-out")
GAUGENN = os.path.join(ROOT, "bin", "gaugenn")
TINY_APPS = 5000


def prepare():
    if not os.path.exists(PY):
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([PY, "-m", "pip", "-q", "install", "pyarrow", "numpy", "tflite", "onnx", "duckdb"], check=True)
    if not glob.glob(SPEED + "/*.apk"):
        got = os.path.join(ROOT, "build", "corpus")
        subprocess.run([os.path.join(SHARED, "corpus", "get.sh"), got], check=True)
        subprocess.run([PY, os.path.join(PEERS, "make_corpus.py"), "--apks", got, "--models", got, "--libs", os.path.join(VENV, "lib"), "--out", SPEED], check=True)


def timed(cmd):
    """Return (wall seconds, CPU seconds, peak MB of the largest process, output).

    A process of its own takes the time, so that its children are the command's alone."""
    done = subprocess.run(["/usr/bin/env", "python3", "-c", """
import resource, subprocess, sys, time
t = time.perf_counter()
r = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
wall, u = time.perf_counter() - t, resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stdout.write(r.stdout)
print(f"\\nRUSAGE {wall:.3f} {u.ru_utime + u.ru_stime:.2f} {u.ru_maxrss / 1024:.0f} {r.returncode}")
""", *cmd], capture_output=True, text=True)
    m = re.search(r"RUSAGE (\S+) (\S+) (\S+) (\d+)", done.stdout)
    if m is None or m.group(4) != "0":
        sys.exit(f"{cmd[0]} failed:\n{done.stdout}{done.stderr}")
    return float(m.group(1)), float(m.group(2)), float(m.group(3)), done.stdout


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


def doubled():
    """Make a folder with the corpus twice, by hard links where they can be had."""
    folder = OUT + "-twice"
    shutil.rmtree(folder, ignore_errors=True)
    for part in "ab":
        os.makedirs(os.path.join(folder, part))
        for apk in glob.glob(SPEED + "/*.apk"):
            to = os.path.join(folder, part, os.path.basename(apk))
            try:
                os.link(apk, to)
            except OSError:
                shutil.copyfile(apk, to)
    return folder


def tiny(count):
    """Make a folder of small apps that differ in two entries, in subfolders of 100."""
    folder = f"{OUT}-tiny-{count}"
    if os.path.exists(folder):
        return folder
    with zipfile.ZipFile(min(glob.glob(SPEED + "/*.apk"), key=os.path.getsize)) as z:
        names = [i.filename for i in z.infolist() if i.filename == "AndroidManifest.xml" or i.filename.endswith((".arsc", ".png"))][:8]
        common = [(n, z.read(n)) for n in names]
    for i in range(count):
        os.makedirs(f"{folder}/{i // 100:03d}", exist_ok=True)
        with zipfile.ZipFile(f"{folder}/{i // 100:03d}/app{i:05d}.apk", "w", zipfile.ZIP_DEFLATED) as z:
            for n, b in common:
                z.writestr(n, b)
            z.writestr("assets/data.bin", (b"%08d" % i) * 300)
            z.writestr("assets/text.txt", f"app {i}\n" * 40)
    return folder


def scan(paths, out, *flags):
    return [GAUGENN, "scan", "--quiet", "--overwrite", *flags, *paths, "-o", out]


def beside_androguard():
    """Print evidence beside androguard: whole process against its own seconds without the interpreter's start."""
    python = os.path.join(ANDROGUARD, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", ANDROGUARD], check=True)
        if subprocess.run([os.path.join(ANDROGUARD, "bin", "pip"), "-q", "install", "androguard"]).returncode:
            shutil.rmtree(ANDROGUARD)
            print("androguard cannot be had: no row")
            return
    apk = max(glob.glob(SPEED + "/real_*.apk"), key=lambda p: sum(i.file_size for i in zipfile.ZipFile(p).infolist() if i.filename.endswith(".dex")))
    said = timed([python, os.path.join(os.path.dirname(__file__), "peer_androguard.py"), apk])[3]
    manifest, tables, walk = map(float, said.split()[:3])
    ours = min(timed(scan([apk], OUT + "-evidence")) for _ in range(3))
    print(f"\n{os.path.basename(apk)}, {os.path.getsize(apk) / 1e6:.0f} MB: androguard {manifest + tables + walk:.2f} s "
          f"(manifest {manifest:.2f}, dex tables {tables:.2f}, code {walk:.2f}); gaugenn's whole scan, models included, {ours[0]:.2f} s: "
          f"{(manifest + tables + walk) / ours[0]:.0f} times faster, {tables / ours[0]:.0f} times than the tables alone")


def main():
    prepare()
    apks = sorted(glob.glob(SPEED + "/*.apk"))
    large = max(apks, key=os.path.getsize)
    twice = doubled()
    base = [PY, os.path.join(PEERS, "baseline_scan.py"), "-j", "2"]
    plans = [
        ("baseline -j 2", [*base, OUT + ".parquet", *apks], None),
        ("gaugenn peek", scan([SPEED], OUT + "-peek", "--depth", "peek"), "baseline -j 2"),
        ("baseline --all -j 2", [*base, "--all", OUT + ".parquet", *apks], None),
        ("gaugenn full", scan([SPEED], OUT + "-full"), "baseline --all -j 2"),
        ("baseline --all, largest", [*base, "--all", OUT + ".parquet", large], None),
        ("gaugenn full, largest", scan([large], OUT + "-largest"), "baseline --all, largest"),
        ("peek, no libdeflate", ["env", "GAUGENN_LIBDEFLATE=off", *scan([SPEED], OUT + "-peek", "--depth", "peek")], "baseline -j 2"),
        ("full, no libdeflate", ["env", "GAUGENN_LIBDEFLATE=off", *scan([SPEED], OUT + "-full")], "baseline --all -j 2"),
        ("largest, no libdeflate", ["env", "GAUGENN_LIBDEFLATE=off", *scan([large], OUT + "-largest")], "baseline --all, largest"),
        ("gaugenn peek, twice", scan([twice], OUT + "-doubled", "--depth", "peek"), None),
        ("gaugenn full, twice", scan([twice], OUT + "-doubled"), None),
        (f"gaugenn full, {TINY_APPS // 5} tiny", scan([tiny(TINY_APPS // 5)], OUT + "-small"), None),
        (f"gaugenn full, {TINY_APPS} tiny", scan([tiny(TINY_APPS)], OUT + "-small"), None),
    ]
    best, peak = {}, {}
    for _ in range(int(os.environ.get("ROUNDS", "3"))):
        for name, cmd, _ in plans:
            r = timed(cmd)
            peak[name] = max(peak.get(name, 0), r[2])
            if name not in best or r[0] < best[name][0]:
                best[name] = r
    print(f"{len(apks)} APKs, {sum(os.path.getsize(a) for a in apks) / 1e6:.0f} MB; the largest {os.path.getsize(large) / 1e6:.0f} MB; best of the rounds, highest peak")
    print(f"{'':26}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'times faster':>14}")
    for name, _, peer in plans:
        w, c = best[name][:2]
        note = f"{best[peer][0] / w:14.1f}" if peer else ""
        if name.endswith("tiny"):
            note = f"{int(name.split()[2]) / w:9.0f} apps/s"
        print(f"{name:26}{w:8.2f}{c:8.2f}{peak[name]:9.0f}{note}")
    for d in ("-peek", "-full"):
        print(f"planted, gaugenn{d}: {accounted(OUT + d)}")
    beside_androguard()


if __name__ == "__main__":
    main()
