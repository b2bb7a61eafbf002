"""Model versions in the database: artifacts, their validation, reading and recording."""
