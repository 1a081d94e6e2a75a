"""The command line: loads the settings, wires the rooms together and runs them."""
