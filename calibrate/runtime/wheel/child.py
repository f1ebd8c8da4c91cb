"""Runs one model as asked on standard input (JSON) and answers on standard output (JSON).

Started by calibrate run for the runtimes whose Python wheels hold them: ort (onnxruntime), ncnn and
mnn. Standard output is kept for the answer; what libraries print goes to standard error. Inputs are the same pseudo-random
numbers in every run, ones for whole numbers.
"""
import hashlib
import importlib.metadata
import json
import os
import resource
import sys
import tempfile
import time


class Refused(Exception):
    """The runtime does not take the model or an option."""


class Unavailable(Exception):
    """The runtime is not there."""


def library_hash(wheel):
    """SHA-256 of the largest shared library that a wheel installed, wherever that is; "" where it does not say."""
    found = [str(f.locate()) for f in wheel.files or [] if ".so" in f.name]
    if not found:
        return ""
    h = hashlib.sha256()
    with open(max(found, key=os.path.getsize), "rb") as f:
        for part in iter(lambda: f.read(1 << 20), b""):
            h.update(part)
    return h.hexdigest()


def load(name, package):
    try:
        module = __import__(name)
        wheel = importlib.metadata.distribution(package)
        return module, wheel.version, library_hash(wheel)
    except Exception as e:
        raise Unavailable(f"{package}: {type(e).__name__}: {e}; \"pip install {package}\" brings it")


class Numbers:
    """Pseudo-random numbers in [-1, 1), the same in every run."""

    def __init__(self, np):
        self.np, self.rng = np, np.random.default_rng(1)

    def array(self, shape, dtype):
        if self.np.issubdtype(dtype, self.np.floating):
            return (self.rng.random(shape) * 2 - 1).astype(dtype)
        if dtype in (self.np.int8, self.np.uint8):
            return self.rng.integers(0, 127, shape).astype(dtype)
        return self.np.ones(shape, dtype)


class ORT:
    def __init__(self, path, opt):
        self.ort, self.version, self.sha = load("onnxruntime", "onnxruntime")
        import numpy as np
        self.path, self.opt, self.np = path, opt, np
        self.session = self.open(False)
        numbers, self.feed = Numbers(np), {}
        kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(int32)": np.int32,
                 "tensor(uint8)": np.uint8, "tensor(int8)": np.int8, "tensor(bool)": np.bool_}
        for i in self.session.get_inputs():
            if i.type not in kinds:
                raise Refused(f"input {i.name} has type {i.type}")
            self.feed[i.name] = numbers.array([self.size(i, at, d) for at, d in enumerate(i.shape)], np.dtype(kinds[i.type]))
        self.in_bytes, self.out_bytes = sum(a.nbytes for a in self.feed.values()), 0

    def size(self, i, at, d):
        """A free dimension of an image's sides is 224, of anything else 1: what calibrate's own reading of the file takes."""
        if isinstance(d, int) and d > 0:
            return d
        shapes = self.opt.get("shapes") or {}
        if i.name in shapes and at < len(shapes[i.name]):
            return shapes[i.name][at]
        return 224 if len(i.shape) == 4 and at >= 2 else 1

    def open(self, profile):
        o = self.ort.SessionOptions()
        o.intra_op_num_threads, o.inter_op_num_threads = self.opt["threads"], 1
        o.log_severity_level = 3
        if profile:
            self.folder = tempfile.mkdtemp()
            o.enable_profiling, o.profile_file_prefix = True, os.path.join(self.folder, "p")
        try:
            return self.ort.InferenceSession(self.path, o, providers=["CPUExecutionProvider"])
        except Exception as e:
            raise Refused(str(e)[:300])

    def once(self):
        try:
            self.out = self.session.run(None, self.feed)
        except Exception as e:
            raise Refused(str(e)[:300])

    def first_output(self):
        self.out_bytes = sum(getattr(a, "nbytes", 0) for a in self.out)
        return hashlib.sha256(self.out[0].tobytes()).hexdigest() if self.out and hasattr(self.out[0], "tobytes") else ""

    def profile(self, until):
        self.session = self.open(True)
        runs = 0
        while runs < 3 or runs < 30 and time.time() < until:
            self.once()
            runs += 1
        path = self.session.end_profiling()
        with open(path) as f:
            events = json.load(f)
        os.remove(path)
        os.rmdir(self.folder)
        ops, seen = {}, {}
        for e in events:
            if e.get("cat") != "Node" or not e["name"].endswith("_kernel_time"):
                continue
            name, args = e["name"][:-len("_kernel_time")], e.get("args", {})
            seen[name] = seen.get(name, 0) + 1
            if seen[name] == 1 and runs > 1:
                continue  # the first run also prepares
            o = ops.setdefault(name, {"index": len(ops), "node": -1, "type": args.get("op_name", ""), "name": name, "mean_us": float(e["dur"]), "calls": 0})
            o["mean_us"] = min(o["mean_us"], float(e["dur"]))
            o["calls"] += 1
        return list(ops.values())


class NCNN:
    """Times only: the wheel is built without times of layers."""

    def __init__(self, path, opt):
        self.ncnn, self.version, self.sha = load("ncnn", "ncnn")
        import numpy as np
        numbers = Numbers(np)
        self.net = self.ncnn.Net()
        self.net.opt.num_threads = opt["threads"]
        self.net.opt.use_vulkan_compute = False
        if self.net.load_param(path) != 0:
            raise Refused("load_param")
        weights = path[:-len(".param")] + ".bin"
        if os.path.exists(weights):
            if self.net.load_model(weights) != 0:
                raise Refused("load_model")
        elif self.net.load_model(self.ncnn.DataReaderFromEmpty()) != 0:
            raise Refused("load_model without weights")
        self.names = list(self.net.input_names())
        self.outputs = list(self.net.output_names())
        shapes = opt.get("shapes") or {}
        self.feed, self.in_bytes, self.out_bytes = [], 0, 0
        for n in self.names:
            shape = shapes.get(n)
            if not shape:
                raise Refused(f"input {n} has no stated size")
            a = numbers.array(shape, np.dtype(np.float32))
            self.in_bytes += a.nbytes
            self.feed.append(self.ncnn.Mat(a).clone())
        if not self.feed or not self.outputs:
            raise Refused("no inputs or outputs")

    def once(self):
        ex = self.net.create_extractor()
        for n, m in zip(self.names, self.feed):
            ex.input(n, m)
        self.out = []
        for n in self.outputs:
            ret, m = ex.extract(n)
            if ret != 0:
                raise Refused(f"extract {n}: {ret}")
            self.out.append(m)

    def first_output(self):
        import numpy as np
        arrays = [np.array(m) for m in self.out]
        self.out_bytes = sum(a.nbytes for a in arrays)
        return hashlib.sha256(arrays[0].tobytes()).hexdigest()

    def profile(self, until):
        return []


class MNN:
    def __init__(self, path, opt):
        self.mnn, self.version, self.sha = load("MNN", "MNN")
        import numpy as np
        self.net = self.mnn.Interpreter(path)
        self.session = self.net.createSession({"backend": "CPU", "numThread": opt["threads"]})
        numbers, self.in_bytes, self.out_bytes = Numbers(np), 0, 0
        inputs = self.net.getSessionInputAll(self.session)
        if not inputs:
            raise Refused("no inputs")
        shapes = opt.get("shapes") or {}
        for name, t in inputs.items():
            if shapes.get(name):
                self.net.resizeTensor(t, tuple(shapes[name]))
        self.net.resizeSession(self.session)
        for name, t in self.net.getSessionInputAll(self.session).items():
            shape = t.getShape()
            if any(d <= 0 for d in shape):
                raise Refused(f"input {name} has the size {shape}")
            kinds = {self.mnn.Halide_Type_Float: np.float32, self.mnn.Halide_Type_Int: np.int32, self.mnn.Halide_Type_Uint8: np.uint8}
            kind = kinds.get(t.getDataType())
            if kind is None:
                raise Refused(f"input {name} has type {t.getDataType()}")
            a = numbers.array(shape, np.dtype(kind))
            self.in_bytes += a.nbytes
            t.copyFrom(self.mnn.Tensor(shape, t.getDataType(), a, t.getDimensionType()))

    def once(self):
        code = self.net.runSession(self.session)
        if code != 0:
            raise Refused(f"runSession: {code}")

    def first_output(self):
        import numpy as np
        out = self.net.getSessionOutputAll(self.session)
        t = next(iter(out.values()))
        host = self.mnn.Tensor(t.getShape(), t.getDataType(), np.zeros(t.getShape(), np.float32), t.getDimensionType())
        t.copyToHostTensor(host)
        a = np.array(host.getData(), np.float32)
        self.out_bytes = a.nbytes
        return hashlib.sha256(a.tobytes()).hexdigest()

    def profile(self, until):
        """The callback is called before and after each operator: the time between is the operator's, with that of the calls."""
        ops = {}
        start = [0.0]

        def before(tensors, info):
            start[0] = time.perf_counter()
            return True

        def after(tensors, info):
            us = (time.perf_counter() - start[0]) * 1e6
            o = ops.setdefault(info.getName(), {"index": len(ops), "node": -1, "type": info.getType(), "name": info.getName(), "mean_us": us, "calls": 0})
            o["mean_us"] = min(o["mean_us"], us)
            o["calls"] += 1
            return True
        runs = 0
        while runs < 3 or runs < 30 and time.time() < until:
            self.net.runSessionWithCallBackInfo(self.session, before, after)
            runs += 1
        return list(ops.values())


RUNTIMES = {"ort": ORT, "ncnn": NCNN, "mnn": MNN}


def run(request):
    job = request["job"]
    opt = dict(job["options"])
    opt["shapes"] = job.get("shapes")
    result = {"runtime": job["runtime"], "options": job["options"]}
    if opt.get("delegate") not in (None, "", "cpu"):
        raise Refused(f"delegate {opt['delegate']}: the wheel is run on the CPU")
    if opt.get("affinity"):
        raise Refused("affinity: start it under taskset")
    start = time.perf_counter()
    r = RUNTIMES[job["runtime"]](job["path"], opt)
    result.update(version=r.version, library_sha256=r.sha, init_ms=1000 * (time.perf_counter() - start))
    end = time.time() + opt["max_time_ns"] / 1e9
    for i in range(opt["warmup"]):
        t = time.perf_counter()
        r.once()
        if i == 0:
            result["first_ms"] = 1000 * (time.perf_counter() - t)
            result["first_output"] = r.first_output()
        if time.time() > end:
            break
    result.update(input_bytes=r.in_bytes, output_bytes=r.out_bytes)
    wall, cpu, began = [], [], time.perf_counter()
    while len(wall) < opt["repeats"] or time.perf_counter() - began < opt["min_time_ns"] / 1e9:
        c, t = time.process_time_ns(), time.perf_counter_ns()
        r.once()
        wall.append((time.perf_counter_ns() - t) / 1e6)
        cpu.append((time.process_time_ns() - c) / 1e6)
        if time.time() > end or len(wall) >= 2000:
            break
    result.update(repeats_ms=wall, cpu_ms=cpu)
    if opt.get("profile"):
        ops = r.profile(time.time() + 0.4)
        if ops:
            result.update(ops=ops, ops_unit="us")
    result["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return result


def main():
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is not the answer
    request = json.load(sys.stdin)
    answer = {"status": "ok", "result": {}}
    try:
        answer["result"] = run(request)
    except Refused as e:
        answer = {"status": "refused", "reason": f"runtime refuses the model: {e}", "result": {}}
    except Unavailable as e:
        answer = {"status": "unavailable", "reason": str(e), "result": {}}
    except Exception as e:
        answer = {"status": "failed", "reason": f"{type(e).__name__}: {e}"[:300], "result": {}}
    json.dump(answer, out)
    out.flush()
    os._exit(0)  # some libraries crash while they are taken down


main()
