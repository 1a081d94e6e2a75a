"""Pure rules of the product: no database, no network, no screen."""
