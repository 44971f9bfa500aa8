"""What tenants have stored: counting it and removing it."""
