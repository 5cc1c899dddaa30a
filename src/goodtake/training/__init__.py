"""From a recipe to a checkpoint folder: pairs, losses, loop, export."""
