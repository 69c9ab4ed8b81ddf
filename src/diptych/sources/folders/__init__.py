"""Classes and parts by the folders that pictures lie in; `classes.read_folders` makes the samples.

The way from a tree of names to a `Role` (label, part, group, or the reason to set aside) of each
folder:

1. `outline` counts pictures and documents in each folder; no file is looked into.
2. `said_levels` checks what somebody said: `--label folder:2`, `--group name:_`, `--fold 1`.
3. `left_out` takes away folders of masks, texts and figures; `structure` tells classes from parts
   by `folder_names`, and where that can be meant in several ways, `ambiguity`, `deeper_classes` and
   `leftovers` ask one question each.
4. `folder_roles` puts both together; `label_lists` reads lists such as Tiny ImageNet's.
5. Files that are no pictures of their class: `companions` (sidecars, copies), `masks`.
6. Labels and groups in names of files, where somebody said so: `names_of_files`.
7. Words on what may be meant otherwise: `nesting`, `part_classes`; where there are no classes at
   all, `hints` and `kinds_in_names`.
"""
