"""A national plan: how long its import takes, in how much memory, and how fast its pages are."""
