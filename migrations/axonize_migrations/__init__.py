"""The SQL that makes and changes the databases, as package data."""
