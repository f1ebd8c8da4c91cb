"""Makes levels.csv.gz: recorded rows of CPU and GPU runtimes without a profile of their own, by known networks.

Usage: gen_levels.py MEASUREMENTS_FOLDER > levels.csv
Networks are named by the documentation tables only; the graph column names our graph of that network.
"""
import csv, gzip, hashlib, sys

GRAPHS = {
    "mobilenet v1 1.0x": "ncnn/mobilenet.param", "mobilenetv1": "ncnn/mobilenet.param", "mobilenet v1": "ncnn/mobilenet.param", "mobilenet_v1": "ncnn/mobilenet.param",
    "mobilenet v2 1.0x": "ncnn/mobilenet_v2.param", "mobilenetv2": "ncnn/mobilenet_v2.param", "mobilenet v2": "ncnn/mobilenet_v2.param", "mobilenet_v2": "ncnn/mobilenet_v2.param",
    "mobilenet v3 large": "ncnn/mobilenet_v3.param", "mobilenetv3_large_x1_0": "ncnn/mobilenet_v3.param",
    "resnet50": "aihub/resnet50.onnx", "resnet50 v1": "aihub/resnet50.onnx", "squeezenet 1.1": "ncnn/squeezenet.param", "shufflenet v2": "ncnn/shufflenet_v2.param",
}
RUNTIMES = {"XNNPACK": "litert", "TFLite (as published)": "litert", "Paddle-Lite": "paddlelite", "TNN": "tnn"}
LICENCES = {"xnnpack": "BSD-3-Clause", "paddlelite": "Apache-2.0", "tnn": "BSD-3-Clause", "help_nb201": "MIT", "help_fbnet": "MIT"}
KEPT = 60  # architectures of each search space on each phone


def graph_of(row):
    if row["graph"]:
        return row["graph"]
    name = row["model"].lower().removesuffix("_quant").removesuffix("_int8")
    return "graphs/" + GRAPHS[name] if name in GRAPHS else ""


def wanted(name, row):
    if row["metric"] != "latency" or not graph_of(row):
        return False
    if name == "paddlelite":
        return row["notes"] in ("abi=armv8;dense", "abi=;dense")
    return True


def main(folder):
    columns, out, count = None, [], {}
    for name, licence in LICENCES.items():
        with gzip.open(f"{folder}/{name}.csv.gz", "rt") as f:
            rows = [r for r in csv.DictReader(f) if wanted(name, r)]
        if name.startswith("help"):
            rows.sort(key=lambda r: hashlib.sha256(r["model"].encode()).hexdigest())
            kept = []
            for r in rows:
                count[name, r["device"]] = count.get((name, r["device"]), 0) + 1
                if count[name, r["device"]] <= KEPT:
                    kept.append(r)
            rows = sorted(kept, key=lambda r: (r["device"], r["model"]))
        for r in rows:
            r["graph"], r["notes"] = graph_of(r), (r["notes"] + ";licence=" + licence).lstrip(";")
            if name.startswith("help"):
                r["notes"] += ";era=builtin"  # kernels before XNNPACK, threads not recorded
            r["runtime"] = RUNTIMES[r["runtime"]]
            out.append(r)
            columns = columns or list(r)
    w = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    w.writeheader()
    w.writerows(out)


main(sys.argv[1])
