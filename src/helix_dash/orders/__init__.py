"""What people order from a page and the collector's leader performs: evictions, searches, purges. A web worker never
reads or changes a gateway's store itself; it puts an order down, shows its progress, and shows the receipt.
"""
