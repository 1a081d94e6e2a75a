"""Outside: stand-ins for the systems of others, which speak the written contracts over HTTP."""
