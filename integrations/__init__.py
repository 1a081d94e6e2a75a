"""Integrations: one outside system each, behind connectors that never lose their place."""
