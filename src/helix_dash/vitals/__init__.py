"""How this product's own processes do: signs of life, what they spent, and what they said."""
