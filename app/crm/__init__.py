"""The staff's group of a project: a forum with a topic for each client and for each kind of event."""
