"""Orders and the payments of them: what they cost, and how paying begins."""
