"""Pages of the screen, each drawn by the server from what the database says now."""
