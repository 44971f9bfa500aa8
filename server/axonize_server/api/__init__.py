"""The REST controllers: ask the query room, answer in JSON."""
