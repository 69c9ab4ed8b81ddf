"""Classes and parts by the folders that pictures lie in."""
