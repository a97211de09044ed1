"""What super-admins are told in private when something breaks, and when it is over."""
