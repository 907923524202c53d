"""The read-only JSON API, and the two questions a load balancer asks."""
