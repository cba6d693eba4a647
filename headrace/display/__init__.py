"""Statistics, schema, anomalies and metrics as tables and figures for notebooks and pages, offline."""
