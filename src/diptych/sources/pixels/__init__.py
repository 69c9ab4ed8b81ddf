"""Pictures that come as numbers: rows of a table, or arrays; their pixels go into the cache.

Rows of tables: `pixel_csv.read_pixel_csv`. `layout` decides once what the first lines mean, by
`header`, `pixel_columns`, `unnamed` (labels without a title) and `number_cells`; `pixel_rows` reads
blocks, most of them by `whole_numbers`. `table_folder` is for several such tables in one folder.

Arrays (.npy, .npz, IDX): `arrays`. `number_arrays` opens them, `array_names` tells pictures from
labels, `array_labels` and `array_facts` say what the others hold, `array_pictures` which axis is
what.

For both: `shapes` (28×28×1), `ranges` (what is black and white), `adding` (into the cache).
"""
