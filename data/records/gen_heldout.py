"""Joins held-out predictions with the recorded values: the form of heldout*.csv.gz.

Usage: gen_heldout.py PHONES_FOLDER FOLDS_FOLDER pred.csv > heldout.csv

    score.py folds --task family --out folds/family
    gaugenn calibrate evaluate --folds folds --graphs PHONES --devices PHONES/devices.csv -o pred.csv

Of cases with given rows, the first draw of k = 0, 3 and 10 is kept.
"""
import csv, glob, os, sys


def main(phones, folds, pred):
    sys.path.insert(0, phones)
    import score
    names = [os.path.join(phones, "measurements", n + ".csv.gz") for n in ("ncnn", "aihub")]
    rows = {r["row_id"]: r for r in score.load(names, os.path.join(phones, "devices.csv"), [os.path.join(phones, "models.csv")])}
    tests = {}
    for path in glob.glob(os.path.join(folds, "**", "test.csv"), recursive=True):
        with open(path, newline="") as f:
            for r in csv.DictReader(f):
                tests[r["case"], r["row_id"]] = r
    out = []
    with open(pred, newline="") as f:
        for p in csv.DictReader(f):
            t = tests[p["case"], p["row_id"]]
            if t["k"] not in ("", "0", "3", "10") or t["k"] and not p["case"].endswith("|d0"):
                continue
            out.append([t["group"], t["k"], t["device"], t["soc"], t["runtime"], t["processor"], t["threads"], t["precision"], t["model"]]
                       + ["%.6g" % float(v) for v in (rows[p["row_id"]]["y"], p["pred_ms"], p["lo_ms"], p["hi_ms"])])
    out.sort()
    w = csv.writer(sys.stdout, lineterminator="\n")
    w.writerow("group,k,device,soc,runtime,processor,threads,precision,model,recorded_ms,predicted_ms,lo_ms,hi_ms".split(","))
    w.writerows(out)


main(*sys.argv[1:])
