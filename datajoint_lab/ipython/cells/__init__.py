"""`%%dj` cells: tables by their definitions. The modules are imported by name, so that parsing needs no database."""
