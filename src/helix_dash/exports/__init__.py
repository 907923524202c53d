"""Tables to take away: the order, the job that writes the file, the route that hands it to its owner."""
