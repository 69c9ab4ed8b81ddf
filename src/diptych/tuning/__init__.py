"""From a wish, or many trials, to the recipe that serves best."""
