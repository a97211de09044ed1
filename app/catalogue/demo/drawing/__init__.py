"""The placeholder art of the demo catalogue, drawn with Pillow alone."""
