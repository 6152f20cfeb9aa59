"""What a user would pick instead, each in an environment of its own: `.bench/NAME`, made from NAME.txt beside it.

The scripts use nothing but the rival and what it brings; no module of ours imports them, nor they any of ours.
"""
