"""The libraries that people use, behind the same two protocols as toklab's own algorithms."""
