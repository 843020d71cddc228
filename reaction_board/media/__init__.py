"""What the bytes of an image are, and pictures made from them. Knows nothing of HTTP, the database or the store."""
