"""Two engines, or two bundles, on the same pictures: one table, one verdict."""
