"""Products, places and names of the simulated shop; all of them are invented."""

from functools import cache

import numpy as np

# (name, description, median price in EUR, amplitude of the season, month of its peak,
#  daily probability of a return, in thousandths)
LINES = (
    ("Kitchen", "Pots, knives and everything for the table", 18.0, 0.15, 12, 2.0),
    ("Garden", "Tools, pots and furniture for outside", 34.0, 0.70, 5, 3.0),
    ("Textiles", "Cushions, blankets and bed linen", 25.0, 0.30, 11, 9.0),
    ("Lighting", "Lamps for desk, wall and ceiling", 45.0, 0.40, 11, 5.0),
    ("Toys", "Wooden toys, puzzles and games", 15.0, 0.60, 12, 2.0),
    ("Stationery", "Paper, pens and calendars", 6.0, 0.25, 9, 1.0),
)
# The distribution of the customers' favourite lines.
LINE_SHARES = (0.26, 0.17, 0.21, 0.13, 0.13, 0.10)
RETURN_PROBABILITY = np.array([line[5] for line in LINES]) / 1_000

# (name, ISO code, share of customers, probability that an order waits for stock, cities)
COUNTRIES = (
    ("Germany", "DE", 0.36, 0.06, ("Berlin", "Hamburg", "Leipzig", "Köln", "München")),
    ("France", "FR", 0.16, 0.09, ("Paris", "Lyon", "Nantes", "Lille")),
    ("Netherlands", "NL", 0.12, 0.06, ("Amsterdam", "Utrecht", "Rotterdam")),
    ("Austria", "AT", 0.10, 0.08, ("Wien", "Graz", "Linz")),
    ("Belgium", "BE", 0.08, 0.07, ("Brussel", "Gent", "Antwerpen")),
    ("Spain", "ES", 0.07, 0.14, ("Madrid", "Sevilla", "Valencia")),
    ("Italy", "IT", 0.06, 0.16, ("Milano", "Bologna", "Torino")),
    ("Poland", "PL", 0.05, 0.12, ("Warszawa", "Kraków", "Gdańsk")),
)
COUNTRY_SHARES = np.array([country[2] for country in COUNTRIES])
DELAY_PROBABILITY = np.array([country[3] for country in COUNTRIES])
CITY_COUNT = np.array([len(country[4]) for country in COUNTRIES])
CITIES = np.array(
    [[*country[4], *[""] * (CITY_COUNT.max() - len(country[4]))] for country in COUNTRIES]
)

CHANNELS = np.array(["search", "friends", "social", "fair"])
CHANNEL_SHARES = np.array([0.42, 0.20, 0.28, 0.10])
METHODS = np.array(["card", "wallet", "invoice", "bank transfer", "cash"])
METHOD_SHARES = np.array([0.42, 0.28, 0.20, 0.10])
CASH = 4
# Payment methods of orders that are shipped first and paid later.
ON_ACCOUNT = (2, 3)

FIRST_NAMES = (
    "Ada", "Anna", "Ben", "Bruno", "Carla", "Clara", "Daan", "David", "Elena", "Emil", "Emma",
    "Eva", "Felix", "Finn", "Greta", "Hanna", "Hugo", "Ida", "Ines", "Jakub", "Jan", "Jana",
    "Jonas", "Julia", "Kaja", "Karl", "Lara", "Lea", "Leon", "Liam", "Lina", "Luca", "Luis",
    "Maja", "Marco", "Maria", "Marta", "Mats", "Mia", "Milan", "Nele", "Nina", "Noah", "Nora",
    "Olga", "Oskar", "Paul", "Pia", "Rosa", "Sara", "Sofia", "Theo", "Tom", "Vera", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Adler", "Bakker", "Bauer", "Berger", "Bianchi", "Blanc", "Bosman", "Conti", "Costa",
    "Dubois", "Durand", "Eder", "Ferrari", "Fischer", "Fuchs", "Garcia", "Gruber", "Huber",
    "Jansen", "Kaiser", "Keller", "Koch", "Kowalska", "Lang", "Lopez", "Maes", "Marino",
    "Martin", "Meyer", "Moreau", "Moser", "Navarro", "Nowak", "Peeters", "Petit", "Pichler",
    "Ramos", "Ricci", "Romero", "Roux", "Sanz", "Schmid", "Serra", "Simon", "Smit", "Visser",
    "Vogel", "Wagner", "Weber", "Winkler", "Wolf", "Zielinska",
)  # fmt: skip
MATERIALS = (
    "oak", "linen", "steel", "glass", "cotton", "clay", "felt", "cork", "brass", "bamboo",
    "wool", "paper",
)  # fmt: skip
THINGS = (
    ("bowl", "knife", "board", "jug", "pan", "cup"),
    ("planter", "spade", "lantern", "bench", "can", "trellis"),
    ("cushion", "blanket", "towel", "curtain", "rug", "throw"),
    ("desk lamp", "wall lamp", "pendant", "floor lamp", "string light", "shade"),
    ("train", "puzzle", "blocks", "kite", "game", "doll"),
    ("notebook", "pen", "calendar", "folder", "card set", "pencil case"),
)
PRODUCTS_PER_LINE = len(MATERIALS) * len(THINGS[0])
# Products per line on the first day, and the days until the next one is launched in each line.
INITIAL_PRODUCTS, LAUNCH_DAYS = 40, 60


@cache
def products(seed: int) -> dict[str, np.ndarray]:
    """All products, line after line; product_id is the position plus one.

    The columns are `name`, `sku`, `line` (index into LINES), `cents` (the price before any price
    review) and `launched` (days after the first day of the shop).
    """
    random = np.random.default_rng([seed, 1])
    lines = np.repeat(np.arange(len(LINES)), PRODUCTS_PER_LINE)
    medians = np.array([line[2] for line in LINES])[lines]
    cents = np.rint(medians * 100 * random.lognormal(0, 0.55, len(lines)) / 10) * 10 - 1
    names, skus = [], []
    for line, (title, *_) in enumerate(LINES):
        order = random.permutation(PRODUCTS_PER_LINE)
        for number, position in enumerate(order, start=1):
            material, thing = divmod(int(position), len(THINGS[line]))
            names.append(f"{MATERIALS[material].capitalize()} {THINGS[line][thing]}")
            skus.append(f"{title[:2].upper()}-{number:03d}")
    launch_order = np.arange(PRODUCTS_PER_LINE) - INITIAL_PRODUCTS + 1
    launched = np.tile(np.maximum(launch_order, 0) * LAUNCH_DAYS, len(LINES))
    return {
        "name": np.array(names),
        "sku": np.array(skus),
        "line": lines,
        "cents": np.maximum(cents, 99).astype(np.int64),
        "launched": launched,
    }


def assortment(days_open: int) -> int:
    """The number of products per line after so many days."""
    return min(INITIAL_PRODUCTS + days_open // LAUNCH_DAYS, PRODUCTS_PER_LINE)
