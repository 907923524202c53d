"""What is measured, one module per subject. Knows the log, knows no web framework."""
