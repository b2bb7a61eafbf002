"""Shops that come as files: read into temporary tables, then rearranged by one SQL script each."""
