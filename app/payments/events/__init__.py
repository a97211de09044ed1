"""What providers tell: kept first, worked on afterwards."""
