"""Writes the Unity fixtures of this folder: pip install UnityPy (written with 1.25.4), python3 gen.py.

Files of assets are laid out here by hand and bundles by UnityPy's own writer; what is
in them, as truth.json tells it, is what UnityPy reads back.
"""
import hashlib
import json
import random
import struct

import UnityPy
from UnityPy.files.BundleFile import ArchiveFlags, ArchiveFlagsOld, BundleFile
from UnityPy.streams import EndianBinaryWriter

rng = random.Random(7)


def noise(n):
    return bytes(rng.randrange(256) for _ in range(n))


def text(n):  # compresses well
    words = [b"tensor ", b"node ", b"shape ", b"graph ", b"weights "]
    out = b""
    while len(out) < n:
        out += rng.choice(words)
    return out[:n]


def string(b, e="<"):
    return struct.pack(e + "i", len(b)) + b + b"\0" * (-len(b) % 4)


def text_asset(name, content, e="<"):
    return string(name, e) + string(content, e)


def script_object(name, content, e="<", more=b""):
    return struct.pack(e + "iqB3xiq", 0, 0, 1, 0, 5) + string(name, e) + string(content, e) + more


def tree(version, e):
    # One node, "Base" by its offset in the common strings.
    node = struct.pack(e + "HBBIIiiI", 1, 0, 0, 0x80000000 | 55, 0x80000000 | 55, -1, 0, 0)
    if version >= 19:
        node += struct.pack(e + "Q", 0)
    return struct.pack(e + "ii", 1, 0) + node


def assets(version, objects, trees=False, big=False):
    """objects: (class, bytes)."""
    e = ">" if big else "<"
    engine = {17: b"2018.4.36f1", 21: b"2019.4.40f1", 22: b"2021.3.45f1"}[version]
    classes = sorted({c for c, _ in objects})
    meta = engine + b"\0" + struct.pack(e + "iB", 13, trees) + struct.pack(e + "i", len(classes))
    for c in classes:
        meta += struct.pack(e + "iBh", c, 0, 0 if c == 114 else -1)
        if c == 114:
            meta += noise(16)
        meta += noise(16)
        if trees:
            meta += tree(version, e)
            if version >= 21:
                meta += struct.pack(e + "i", 0)
    meta += struct.pack(e + "i", len(objects))
    header = 48 if version >= 22 else 20
    data = b""
    for i, (c, b) in enumerate(objects):
        data += b"\0" * (-len(data) % 16)
        meta += b"\0" * (-(header + len(meta)) % 4)
        meta += struct.pack(e + "q", 100 + i) + struct.pack(e + ("q" if version >= 22 else "I"), len(data))
        meta += struct.pack(e + "Ii", len(b), classes.index(c))
        data += b
    meta += struct.pack(e + "ii", 0, 0)  # scripts, externals
    if version >= 20:
        meta += struct.pack(e + "i", 0)
    meta += b"\0"
    start = header + len(meta)
    start += -start % 16
    size = start + len(data)
    if version >= 22:
        head = struct.pack(">IIIIB3xIqqq", 0, 0, version, 0, big, len(meta), size, start, 0)
    else:
        head = struct.pack(">IIIIB3x", len(meta), size, version, start, big)
    assert len(head) == header
    return head + meta + b"\0" * (start - header - len(meta)) + data


def sha(b):
    return hashlib.sha256(b).hexdigest()


truth = {}


def write(name, b, entries):
    with open(name, "wb") as f:
        f.write(b)
    truth[name] = entries


# Files of assets.
contents = [text(900), noise(333), text(20)]
for version, trees, big in [(17, False, False), (17, True, True), (21, True, False), (22, False, False), (22, True, False)]:
    e = ">" if big else "<"
    objects = [
        (49, text_asset(b"first", contents[0], e)),
        (1, noise(64)),
        (114, script_object(b"Data", contents[1], e)),
        (49, text_asset(b"first", contents[2], e)),
        (114, script_object(b"other", noise(40), e, more=noise(8))),
        (49, text_asset(b"empty", b"", e)),
    ]
    b = assets(version, objects, trees, big)
    read = UnityPy.load(b).file
    got = {}
    for o in read.objects.values():
        raw = o.get_raw_data()
        assert raw == objects[o.path_id - 100][1], "UnityPy sees another object"
        if o.type.name == "TextAsset" and o.path_id in (100, 103):
            t = o.parse_as_object() if not trees else None
            if t:
                assert t.m_Name == "first" and t.m_Script.encode() == contents[0 if o.path_id == 100 else 2]
    write(
        f"v{version}{'_trees' if trees else ''}{'_big' if big else ''}.assets",
        b,
        {"first": sha(contents[0]), "Data": sha(contents[1]), "first#103": sha(contents[2])},
    )

# Bundles.
cab = assets(22, [(49, text_asset(b"net", text(700)))])
files = {
    "CAB-0123": cab,
    "CAB-0123.resS": noise(5000),
    "CAB-0123.resource": text(150_000),
    "last": noise(10),
}


def bundle(version, engine, packer, aligned):
    b = BundleFile.__new__(BundleFile)
    b.signature, b.version, b.version_player, b.version_engine = "UnityFS", version, "5.x.x", engine
    b.dataflags = ArchiveFlags(0) if aligned else ArchiveFlagsOld(0)
    b._block_info_flags, b._uses_block_alignment, b.decryptor = 0, aligned, None
    b.files = {}
    for n, c in files.items():
        r = EndianBinaryWriter(c)
        r.flags = 4 if n == "CAB-0123" else 0
        b.files[n] = r
    return b.save(packer)


for name, version, engine, packer, aligned in [
    ("v6_none", 6, "2018.4.36f1", "none", False),
    ("v6_lz4_at_end", 6, "2018.4.36f1", "lz4", False),
    ("v6_lzma", 6, "2018.4.36f1", "lzma", False),
    ("v6_aligned_lz4hc", 6, "2019.4.40f1", (0x43, 3), True),
    ("v7_lz4hc_at_end", 7, "2020.3.20f1", "lz4hc", True),
    ("v7_lz4_padded", 7, "2021.3.45f1", (0x242, 2), True),
    ("v8_lzma_padded", 8, "2022.3.10f1", (0x241, 1), True),
    ("v8_lz4_at_end_padded", 8, "6000.0.23f1", (0x2C3, 3), True),
    ("v8_none_padded", 8, "6000.0.23f1", (0x240, 0), True),
]:
    b = bundle(version, engine, packer, aligned)
    back = UnityPy.load(b).file
    for n, c in files.items():
        f = back.files[n]
        got = f.save() if n == "CAB-0123" else f.bytes
        if n != "CAB-0123":
            assert bytes(got) == c, (name, n)
    write(name + ".bundle", b, {n: sha(c) for n, c in files.items()})

with open("truth.json", "w") as f:
    json.dump(truth, f, indent=1, sort_keys=True)
    f.write("\n")
