#!/usr/bin/env python3
"""peer_androguard.py APK: the questions of extract/evidence, answered with androguard.

Package, versions, SDKs, permissions, meta-data and signers; of every dex file the
types, strings and methods that it names and which method calls which. Prints the
seconds of each part, without the start of the interpreter, and what was counted.
"""
import logging
import re
import sys
import time

logging.disable(logging.CRITICAL)
try:
    from loguru import logger
    logger.remove()
except ImportError:
    pass
from androguard.core.apk import APK
from androguard.core.dex import DEX

WATCHED = re.compile(r"Lorg/tensorflow/lite|Lcom/google/mlkit|Lai/onnxruntime|Lorg/pytorch|Lcom/google/android/gms/tflite|Lcom/google/mediapipe")


def main():
    t = time.perf_counter()
    apk = APK(sys.argv[1])
    facts = [apk.get_package(), apk.get_androidversion_code(), apk.get_min_sdk_version(), apk.get_permissions(), apk.get_features()]
    signers = [c.sha256_fingerprint for c in apk.get_certificates()]
    manifest = time.perf_counter() - t

    t = time.perf_counter()
    dexes = [DEX(b) for b in apk.get_all_dex()]
    types, strings, methods = set(), 0, 0
    for d in dexes:
        types.update(d.get_cm_type(i) for i in range(d.header.type_ids_size))
        strings += sum(1 for s in d.get_strings() if "http" in s or ".tflite" in s)
        methods += len(d.get_methods())
    tables = time.perf_counter() - t

    t = time.perf_counter()
    calls = 0
    for d in dexes:
        for m in d.get_encoded_methods():
            for i in m.get_instructions():
                if i.get_name().startswith("invoke"):
                    calls += bool(WATCHED.search(i.get_output()))
    walk = time.perf_counter() - t
    print(f"{manifest:.3f} {tables:.3f} {walk:.3f}")
    print(facts[0], len(facts[3]), "permissions", len(signers), "signers", len(dexes), "dex", len(types), "types", strings, "strings", methods, "methods", calls, "calls")


if __name__ == "__main__":
    main()
