"""Views people keep: an address under a name, for oneself or for everybody of one's organization."""
