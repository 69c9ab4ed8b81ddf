"""Where files lie: folders, archives, addresses; each lists its files and opens them."""
