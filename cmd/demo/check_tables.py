#!/usr/bin/env python3
"""check_tables.py TABLES - every table must be readable by DuckDB, pandas and Polars, with equal row counts."""
import glob
import os
import sys

import duckdb
import pandas
import polars


def main():
    root = sys.argv[1]
    tables = sorted(d for d in os.listdir(root) if glob.glob(os.path.join(root, d, "*.parquet")))
    if not {"apps", "files", "models", "layers", "tensors"} <= set(tables):
        sys.exit(f"tables are missing: found {tables}")
    for t in tables:
        pattern = os.path.join(root, t, "*.parquet")
        files = sorted(glob.glob(pattern))
        counts = {
            "duckdb": duckdb.sql(f"select count(*) from '{pattern}'").fetchall()[0][0],
            "pandas": sum(len(pandas.read_parquet(f)) for f in files),
            "polars": polars.concat([polars.read_parquet(f) for f in files]).height,
        }
        if len(set(counts.values())) != 1:
            sys.exit(f"{t}: row counts differ: {counts}")
        print(f"ok {t}: {counts['duckdb']} rows in DuckDB, pandas and Polars")
    orphan = duckdb.sql(f"select count(*) from '{root}/files/*.parquet' f anti join '{root}/models/*.parquet' m using (model_id) where f.model_id is not null and f.status in ('parsed', 'partial')").fetchall()[0][0]
    if orphan:
        sys.exit(f"{orphan} files name a model that has no row")


if __name__ == "__main__":
    main()
