"""Tables that name files and say what is on them."""
