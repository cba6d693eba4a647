"""Examples of Parquet, Feather, CSV and JSON lines, through Arrow."""
