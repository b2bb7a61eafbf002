"""Explaining a model: coefficients, importance, dependence, Shapley values, learning curve."""
