"""The story of one sync: plan, walk, rows, upsert, checkpoint, sweep. `engine.py` tells it whole."""
