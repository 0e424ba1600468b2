"""What is measured about a result, from its frames alone."""
