"""Writes the fixtures of this folder: python3 gen.py.

Unreal .pak files are laid out here; that the crate unpak 1.0.5 reads the same paths
and bytes out of each was checked when they were written. Godot packs are laid out
after core/io/file_access_pack.cpp and pck_packer.cpp of Godot 3.5 and 4.5. What is in
them stands in truth.json.
"""
import gzip
import hashlib
import json
import random
import struct
import zlib

rng = random.Random(11)
noise = bytes(rng.randrange(256) for _ in range(3000))
words = b" ".join(rng.choice([b"tensor", b"node", b"shape", b"graph"]) for _ in range(25_000))
FILES = {"Config/a.ini": words[:700], "NNE/net.bin": noise + words, "Movies/b.bin": noise, "NNE/small.onnx": words[:3000]}
MOUNT = "../../../Game/Content/"
BLOCK = 65536


def text(s, wide=False):
    if wide:
        b = (s + "\0").encode("utf-16-le")
        return struct.pack("<i", -len(b) // 2) + b
    b = s.encode() + b"\0"
    return struct.pack("<i", len(b)) + b


def pak(version, small=False, method="Zlib", seal=(), index_sealed=False):
    pack = {"Zlib": zlib.compress, "Gzip": lambda b: gzip.compress(b, mtime=0), "Oodle": bytes}[method]
    number = {"Zlib": 1, "Gzip": 2}[method] if version < 8 else 1
    data, records = b"", []

    def record(offset, packed, full, m, blocks, sealed, block_size):
        r = struct.pack("<QQQ", offset, packed, full) + (struct.pack("<B", m) if small else struct.pack("<I", m))
        if version == 1:
            r += struct.pack("<Q", 1234567)
        r += b"\x11" * 20
        if version >= 3:
            if m:
                r += struct.pack("<I", len(blocks)) + b"".join(struct.pack("<QQ", *b) for b in blocks)
            r += struct.pack("<BI", sealed, block_size)
        return r

    for name, content in FILES.items():
        squeeze = version >= 3 and name != "Movies/b.bin"
        chunks = [pack(content[i:i + BLOCK]) for i in range(0, len(content), BLOCK)] if squeeze else [content]
        m = number if squeeze else 0
        block_size = (BLOCK if len(chunks) > 1 else len(content)) if squeeze else 0
        blank = len(record(0, 0, 0, m, [(0, 0)] * len(chunks), 0, 0))
        at, blocks = blank + (0 if version >= 5 else len(data)), []
        for c in chunks:
            blocks.append((at, at + len(c)))
            at += len(c)
        packed = sum(map(len, chunks))
        sealed = name in seal
        records.append((name, len(data), packed, len(content), m, blocks, sealed, block_size))
        data += record(0, packed, len(content), m, blocks, sealed, block_size) + b"".join(chunks)
    if version < 10:
        index = text(MOUNT) + struct.pack("<I", len(records))
        for i, (name, *r) in enumerate(records):
            index += text(name, wide=i == 1) + record(*r)
        extra = b""
    else:
        packed_records, where = b"", {}
        for name, offset, packed, full, m, blocks, sealed, block_size in records:
            where[name] = len(packed_records)
            n = len(blocks) if m else 0
            size = min(block_size >> 11, 0x3F) if block_size % 2048 == 0 else 0x3F
            bits = size | n << 6 | sealed << 22 | m << 23 | 1 << 29 | 1 << 30 | 1 << 31
            packed_records += struct.pack("<I", bits)
            if size == 0x3F:
                packed_records += struct.pack("<I", block_size)
            packed_records += struct.pack("<II", offset, full)
            if m:
                packed_records += struct.pack("<I", packed)
            if n > 1 or n and sealed:
                packed_records += b"".join(struct.pack("<I", b - a) for a, b in blocks)
        dirs = {}
        for name in where:
            d, f = name.rsplit("/", 1)
            dirs.setdefault(d + "/", []).append((f, where[name]))
        full_dir = struct.pack("<I", len(dirs))
        for d, fs in dirs.items():
            full_dir += text(d) + struct.pack("<I", len(fs)) + b"".join(text(f) + struct.pack("<I", w) for f, w in fs)
        index = text(MOUNT) + struct.pack("<IQI", len(records), 42, 0) + struct.pack("<IQQ", 1, 0, len(full_dir)) + b"\x22" * 20
        index += struct.pack("<I", len(packed_records)) + packed_records + struct.pack("<I", 0)
        at = index.index(struct.pack("<IQQ", 1, 0, len(full_dir)))
        index = index[:at] + struct.pack("<IQQ", 1, len(data) + len(index), len(full_dir)) + index[at + 20:]
        extra = full_dir
    footer = b"\0" * 16 if version >= 7 else b""
    if version >= 4:
        footer += struct.pack("<B", index_sealed)
    footer += struct.pack("<IIQQ", 0x5A6F12E1, version, len(data), len(index)) + b"\x33" * 20
    if version == 9:
        footer += b"\0"
    if version >= 8:
        for i in range(4 if small else 5):
            footer += (method if i == 0 else "").encode().ljust(32, b"\0")
    return data + index + extra + footer


def godot(version, seal=(), sealed_directory=False):
    files = {"res://models/net.onnx": words[:900], "res://icon.bin": noise, "user://\xe9.txt": words[:50]}
    head = b"GDPC" + struct.pack("<IIII", version, 3 if version < 2 else 4, 2, 1)
    entries = b""

    def directory(base):
        out, at = struct.pack("<I", len(files)), 0
        for name, content in files.items():
            n = name.encode()
            n += b"\0" * (-len(n) % 4)
            out += struct.pack("<I", len(n)) + n + struct.pack("<QQ", base + at, len(content)) + hashlib.md5(content).digest()
            if version >= 2:
                out += struct.pack("<I", name in seal)
            at += len(content) + (-len(content) % 32)
        return out

    body = b"".join(c + b"\0" * (-len(c) % 32) for c in files.values())
    size = len(directory(0))
    if version < 2:
        start = len(head) + 64 + size
        return head + b"\0" * 64 + directory(start) + body, files
    if version == 2:
        start = len(head) + 12 + 64 + size
        return head + struct.pack("<IQ", 2 | sealed_directory, start) + b"\0" * 64 + directory(0) + body, files
    start = len(head) + 20 + 64
    return head + struct.pack("<IQQ", 2, start, start + len(body)) + b"\0" * 64 + body + directory(0), files


truth = {}


def write(name, b, files, prefix="", skip=()):
    with open(name, "wb") as f:
        f.write(b)
    truth[name] = {prefix + n.removeprefix("res://"): hashlib.sha256(c).hexdigest() for n, c in files.items() if n not in skip}


for name, args in {
    "v1": dict(version=1), "v2": dict(version=2), "v3": dict(version=3), "v4_gzip": dict(version=4, method="Gzip"), "v5": dict(version=5), "v7": dict(version=7),
    "v8_small": dict(version=8, small=True), "v8": dict(version=8), "v9": dict(version=9), "v10": dict(version=10), "v11": dict(version=11),
    "v11_gzip": dict(version=11, method="Gzip"),
}.items():
    write(name + ".pak", pak(**args), FILES, "Game/Content/")
# Entries that cannot be read are not in the truth.
write("v8_sealed.pak", pak(8, seal=["NNE/net.bin"]), FILES, "Game/Content/", ["NNE/net.bin"])
write("v11_sealed.pak", pak(11, seal=["NNE/net.bin"]), FILES, "Game/Content/", ["NNE/net.bin"])
write("v11_oodle.pak", pak(11, method="Oodle"), {"Movies/b.bin": noise}, "Game/Content/")
write("v11_index.pak", pak(11, index_sealed=True), {})
for v in (1, 2, 3):
    b, files = godot(v)
    write(f"v{v}.pck", b, files)
b, files = godot(2, seal=["res://models/net.onnx"])
write("v2_sealed.pck", b, files, skip=["res://models/net.onnx"])
write("v2_directory.pck", godot(2, sealed_directory=True)[0], {})

with open("truth.json", "w") as f:
    json.dump(truth, f, indent=1, sort_keys=True)
    f.write("\n")
