"""Assets in memory: fields, layout, normal form, differences."""
