"""scikit-learn's estimators whose fit looks for interrupts; the results are scikit-learn's own.

The modules have the names of scikit-learn's, and the classes too.
"""
