"""Detection rates and false alarms: our rules, the naive rule and Traccar's, on the same data."""
