"""Pictures as records that carry their label with them: Parquet files, WebDataset shards."""
