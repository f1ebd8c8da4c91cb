#!/bin/sh
# Writes the fixtures of this folder: needs python3 with lz4 (4.4), gcc and llvm-objcopy,
# which adds the store to a library as .NET's build does.
set -e
python3 - <<'PY'
import struct, lz4.block
files = {"App.dll": b"MZ\x90\0" + b"an assembly " * 300, "Lib.dll": b"MZ\x90\0" + bytes(range(256)) * 9, "plain.dll": b"MZ\x90\0plain"}
def store(version, index):
    body, descriptors, names = b"", b"", b""
    start = 20 + len(index) + 28 * len(files) + sum(4 + len(n) for n in files)
    for i, (n, c) in enumerate(files.items()):
        packed = c if n == "plain.dll" else b"XALZ" + struct.pack("<II", i, len(c)) + lz4.block.compress(c, store_size=False)
        descriptors += struct.pack("<7I", i, start + len(body), len(packed), 0, 0, 0, 0)
        names += struct.pack("<I", len(n)) + n.encode()
        body += packed
    return b"XABA" + struct.pack("<IIII", version, len(files), 2 * len(files), len(index)) + index + descriptors + names + body
open("v2_64.blob", "wb").write(store(0x80010002, bytes(2 * len(files) * 12)))
open("v3_32.blob", "wb").write(store(0x00020003, bytes(2 * len(files) * 9)))
PY
echo 'int stub;' > stub.c
for w in 64 32; do
	gcc -m$w -shared -nostdlib -s -Wl,--build-id=none -Wl,-z,noseparate-code -o stub.so stub.c
	llvm-objcopy --add-section payload=$(ls v?_$w.blob) --set-section-flags payload=readonly,data stub.so libassemblies_$w.so
done
rm -f stub.c stub.so v2_64.blob v3_32.blob
