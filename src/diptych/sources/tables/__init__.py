"""Tables that name files and say what is on them; `files.read_table` reads one.

A table, from its bytes to samples: `opening` (compression, encoding), `dialects` and `spaced` (what
parts columns), `rows` (`Records`, of `json_tables` and Parquet too); `titles` and `cells` say what
words in them mean. `column_roles` tells what each column is for: `file_column` and
`folder_columns`, `label_column` and `onehot` (`label_cells` parses `["cat"]`), `part_columns` and
`part_numbers`, `grouping`. `row_files` finds each row's file by `matching`; `whereabouts` says in
which folder.

A tree with tables in it, in `beside`: `candidates` lists what may be a table, `listings` those that
name files there (by way of folders or ids: `keyed`), `label_source` whether folders or one of them
have the labels (`contradictions` asks). Then `described` reads labels by tables, or `facts` adds to
folders what tables say more; `part_lists` are train.txt and test.txt, `unlabelled` a part without
class folders. `attributes` does for records and rows of pixels what `facts` does for files.
"""
