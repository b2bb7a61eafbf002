"""A shop that behaves like one: seeded, in numpy, and any number of days at a time.

What a table holds at a moment follows from the seed, the size and that moment alone. That is why
time can run on in small steps (`live`) and gives the same rows as one long run.
"""
