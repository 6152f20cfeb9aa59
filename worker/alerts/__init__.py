"""Alerts: beat's round looks for what the rules watch (signs), keeps incidents of it, and tells the channels.

What is told is written first and sent after, outside any transaction; who dies in between sends it once more.
"""
