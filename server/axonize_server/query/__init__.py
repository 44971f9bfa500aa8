"""Questions in the words of the product, always for one tenant."""
