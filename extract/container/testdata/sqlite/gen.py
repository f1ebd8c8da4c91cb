"""Writes values.sqlite: large and small values in a table of several levels, one
that lies in overflow pages behind each other and one whose pages are apart."""

import os
import sqlite3

path = os.path.join(os.path.dirname(__file__), "values.sqlite")
if os.path.exists(path):
    os.remove(path)
db = sqlite3.connect(path)
db.execute("pragma page_size=512")
db.execute("create table models(id integer primary key, name text, data blob)")
db.execute("create index by_name on models(name)")


def content(seed, n):
    return bytes((seed + i * i // 7 + i) & 0xFF for i in range(n))


for i in range(1, 21):
    db.execute("insert into models values(?, ?, ?)", (i, f"row {i}", content(i, 40)))
db.execute("insert into models values(100, 'gone', ?)", (content(1, 900),))
db.execute("insert into models values(101, 'kept', ?)", (content(2, 300),))
db.execute("delete from models where id = 100")
db.execute("insert into models values(102, 'large', ?)", (content(3, 3000),))
db.execute("insert into models values(103, ?, null)", ("x" * 1500,))
db.execute("create table \"odd/../name\"(a, b)")
db.execute("insert into \"odd/../name\" values(zeroblob(5), ?)", (content(4, 1000),))
db.commit()
db.close()
