"""Simulates a shop in numpy, from a seed, for any number of days.

The content of a table at a time depends only on the seed, the size and that time. Many short runs
(`make live`) therefore give the same rows as one long run.

    catalogue            products, places and names
    calendar             season, holidays, prices and promotions of a day
    population           the state of the customers
    orders               orders with their lines, as arrays
    behaviour_model      how likely a customer orders or returns; the true churn probability
    order_generator      draws orders and returns
    day                  simulates one day
    tables               the rows of the tables at a time
    history, source      fill empty tables
    continuation         simulates further days in the database
"""
