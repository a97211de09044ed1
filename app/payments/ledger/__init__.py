"""The proof that all books of money and usage agree."""
