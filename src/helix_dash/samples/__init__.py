"""What was measured again and again: time series of numbers, and the last answer of each source."""
