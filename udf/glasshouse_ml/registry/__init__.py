"""Model versions in the database: artifacts, their signatures, reading and recording."""
