"""What a gateway stored raw is masked here before anybody sees it: by an allow-list, not by what was recognised."""
