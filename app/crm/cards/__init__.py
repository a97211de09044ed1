"""Cards: what happened, shown to the staff with buttons."""
