"""From the broker to the database: decode, admit, evaluate, record, acknowledge."""
