"""Is the mirror true? `auditor.py` tells the story; `comparing.py` says what a difference is."""
