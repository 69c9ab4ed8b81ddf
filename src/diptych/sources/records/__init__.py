"""Pictures as records that carry their label with them: Parquet files and WebDataset's shards.

Parquet, in `parquet`: `parquet_footer` knows the groups of rows, `parquet_columns` which column has
the pictures, `parquet_rows` reads all cells but those, `parquet_labels` says which are the labels;
`parquet_pictures` reads pictures when they are wanted.

Shards, in `webdataset`: 17.jpg, 17.cls and 17.json make a record, whose labels `record_labels`
finds; `small_files` reads such files, and the names of classes beside them.

What other columns or keys say is for `tables.attributes`, as it is beside pixels.
"""
