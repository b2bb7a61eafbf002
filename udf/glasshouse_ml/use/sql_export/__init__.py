"""A linear model, with its preprocessing, as an SQL expression that a view can hold.

orbital, which turns scikit-learn pipelines into SQL, reads neither the 0/1 columns that say a value
was missing nor NULL as a category of its own, so this does it for what preprocessing.py makes.
"""
