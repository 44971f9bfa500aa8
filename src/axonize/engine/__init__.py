"""What engines that batch continuously have in common: names, and a request's way through."""
